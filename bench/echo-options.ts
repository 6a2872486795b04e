/** What every echo is told on its command line; see startEcho() in echo.ts. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** `path` is of gRPC alone: the method's, as /package.Service/Method. */
export function echoOptions(): {
  readonly port: number;
  readonly path: string;
  readonly reply: Buffer;
} {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      path: { type: 'string', default: '/echo.Echo/Echo' },
      reply: { type: 'string', default: '/dev/null' },
    },
  });
  return { port: Number(values.port), path: values.path, reply: readFileSync(values.reply) };
}
