/** What a change has come to, as commands print it: the status of each model it touched. */
import type { Client, Plain } from './client.js';
import type { Output } from './command.js';
import { statusOutput, versionsOf, type ModelState } from './status.js';

interface Result {
  readonly name?: string;
  readonly status?: { readonly error_code?: string; readonly error_message?: string };
}

/** `response` is a tensorgate.ChangeResponse. @throws ServingError */
export async function changed(client: Client, response: Plain): Promise<Output> {
  const results = (response['result'] ?? []) as readonly Result[];
  const configs = await client.configured();
  const models = await Promise.all(
    results.map(async ({ name = '' }): Promise<ModelState> => {
      const versions = await versionsOf(client, name).catch(() => []); // none yet
      const config = configs.find((each) => each.name === name) ?? null;
      return { name, config, versions };
    }),
  );
  const { text, json } = statusOutput(models);
  const troubles = results.filter(({ status }) => (status?.error_code ?? 'OK') !== 'OK');
  const lines = troubles.map(
    ({ name = '', status }) =>
      `${name} is configured, but does not serve: ${status?.error_code}: ${status?.error_message}\n`,
  );
  const errors = troubles.map(({ name = '', status }) => ({
    model: name,
    code: status?.error_code,
    message: status?.error_message ?? '',
  }));
  return {
    text: text + lines.join(''),
    json: troubles.length === 0 ? json : { ...(json as object), errors },
    failed: troubles.length > 0,
  };
}
