/** The demo: the models that come with tensorgate, and examples to paste whose answers are right. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { singleModel, type ModelServerConfig } from './config/model-config.js';

const FOLDER = fileURLToPath(new URL('../../examples/models', import.meta.url));

export function demoModels(): ModelServerConfig {
  const models = readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => singleModel(entry.name, join(FOLDER, entry.name)));
  return { kind: 'models', models };
}

/** What `npm start` prints once it serves the demo models. */
export function demoExamples(grpcPort: number, restPort: number): string {
  const rest = `http://localhost:${restPort}/v1/models`;
  const examples: readonly (readonly [command: string, answer: string])[] = [
    [
      `curl -d '{"instances": [1.0, 2.0, 5.0]}' ${rest}/half_plus_two:predict`,
      '{ "predictions": [2.5, 3.0, 4.5] }',
    ],
    [`curl ${rest}/half_plus_two`, 'version 1 is AVAILABLE'],
    [
      `node examples/clients/predict.mjs localhost:${grpcPort}`,
      'the same over gRPC: [ 2.5, 3, 4.5 ]',
    ],
    [
      `python3 examples/clients/predict.py localhost:${grpcPort}`,
      'the same; needs: pip install tensorflow-serving-api',
    ],
  ];
  const lines = examples.map(([command, answer]) => `  ${command}\n      # ${answer}\n`);
  return `\nServing the demo models. Paste into another terminal:\n\n${lines.join('\n')}\n`;
}
