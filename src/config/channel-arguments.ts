/**
 * --grpc_channel_arguments: options of the gRPC server. gRPC ignores an argument it does not know or
 * whose value it cannot use, and so do we, but say so.
 */

export interface ChannelArguments {
  /** Options of grpc-js, all of them integers. */
  readonly options: Readonly<Record<string, number>>;
  /** Entries of the flag without effect, as they were given. */
  readonly ignored: readonly string[];
}

const MAX_RECEIVE = 'grpc.max_receive_message_length';
const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

/** What grpc-js's server heeds, with the least value gRPC takes. */
const LEAST: ReadonlyMap<string, number> = new Map([
  ['grpc.enable_channelz', 0],
  ['grpc.keepalive_time_ms', 1],
  ['grpc.keepalive_timeout_ms', 0],
  ['grpc.max_concurrent_streams', 0],
  ['grpc.max_connection_age_grace_ms', 0],
  ['grpc.max_connection_age_ms', 1],
  ['grpc.max_connection_idle_ms', 1],
  [MAX_RECEIVE, -1],
  ['grpc.max_send_message_length', -1],
  ['grpc.server_call_metric_recording', 0],
]);

/** Upstream's; -1 is no limit. */
const DEFAULTS = {
  [MAX_RECEIVE]: INT32_MAX,
  'grpc.max_send_message_length': -1,
};

/**
 * `text` is key=value entries between commas; of a key given twice the last counts. A message may not be
 * larger than `maxMessageBytes`, whatever the entries say.
 */
export function channelArguments(text: string, maxMessageBytes: number): ChannelArguments {
  const options: Record<string, number> = { ...DEFAULTS };
  const ignored: string[] = [];
  for (const entry of text.split(',').filter((part) => part !== '')) {
    const [key = '', value = ''] = entry.split('='); // upstream drops what follows a second `=`
    const least = LEAST.get(key);
    const number = integerOf(value);
    if (least === undefined || number === null || number < least) ignored.push(entry);
    else options[key] = number;
  }
  const asked = options[MAX_RECEIVE] ?? -1;
  options[MAX_RECEIVE] = asked < 0 ? maxMessageBytes : Math.min(asked, maxMessageBytes);
  return { options, ignored };
}

/** Null for what is no int of C; upstream passes that as a string, which no option here takes. */
function integerOf(text: string): number | null {
  if (!/^\s*[+-]?[0-9]+\s*$/.test(text)) return null;
  const value = Number(text);
  return value >= INT32_MIN && value <= INT32_MAX ? value : null;
}
