// Predict over gRPC with Node.js.  Elsewhere: copy protos/, npm install @grpc/grpc-js @grpc/proto-loader
// Usage: node predict.mjs [host:port], by default the demo server of `npm start`.
import { fileURLToPath } from 'node:url';

import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const address = process.argv[2] ?? 'localhost:8500';
const definition = loadSync('tensorflow_serving/apis/prediction_service.proto', {
  includeDirs: [fileURLToPath(new URL('../../protos', import.meta.url))],
  keepCase: true,
});
const { PredictionService } = loadPackageDefinition(definition).tensorflow.serving;
const client = new PredictionService(address, credentials.createInsecure());

const x = { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 3 }] }, float_val: [1, 2, 5] };
const request = { model_spec: { name: 'half_plus_two' }, inputs: { x } };

client.Predict(request, { deadline: Date.now() + 10_000 }, (error, reply) => {
  if (error) {
    console.error(`${error.code}: ${error.details}`);
    process.exitCode = 1;
  } else {
    console.log(reply.outputs.y.float_val); // [ 2.5, 3, 4.5 ]
  }
  client.close();
});
