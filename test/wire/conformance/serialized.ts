/** A tf.Example as the bytes that a string tensor holds. */
import { loadProtos } from '../../../src/protos/protos.js';

const type = loadProtos(['tensorflow_serving/apis/input.proto']).lookupType('tensorflow.Example');

export const serialized = (example: object): Uint8Array =>
  type.encode(type.fromObject(example)).finish();
