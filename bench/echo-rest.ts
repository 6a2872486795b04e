/**
 * The floor of the REST transport: a uWebSockets.js process that reads a POST body to its end and
 * answers with a constant. What tensorgate needs beyond this is its own work.
 * Run as: node echo-rest.js --port=PORT --reply=FILE
 */
import uWS from 'uWebSockets.js';

import { echoOptions } from './echo-options.js';

const { port, reply } = echoOptions();

uWS
  .App()
  .get('/*', (response) => {
    response.end('{}');
  })
  .post('/*', (response) => {
    let aborted = false;
    response.onAborted(() => {
      aborted = true;
    });
    response.onData((_chunk, isLast) => {
      if (!isLast || aborted) return;
      response.cork(() => {
        response.writeHeader('Content-Type', 'application/json').end(reply);
      });
    });
  })
  .listen('127.0.0.1', port, (socket) => {
    if (!socket) throw new Error(`cannot listen on port ${port}`);
  });
