import assert from 'node:assert/strict';

import { ErrorDetails } from '../../../src/grpc/error-details.js';
import { loadProtos } from '../../../src/protos/protos.js';
import { ServingError, StatusCode, type Violation } from '../../../src/status/serving-error.js';

const root = loadProtos(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

interface Decoded {
  readonly code: number;
  readonly message: string;
  readonly typeUrl: string;
  readonly violations: readonly Violation[];
}

function decoded(bytes: Buffer | null): Decoded {
  assert.ok(bytes !== null);
  const status = root.lookupType('google.rpc.Status').decode(bytes) as unknown as {
    code: number;
    message: string;
    details: [{ type_url: string; value: Uint8Array }];
  };
  const type = root.lookupType('google.rpc.BadRequest');
  const { field_violations: violations } = type.toObject(type.decode(status.details[0].value), {
    defaults: true,
  }) as {
    field_violations: Violation[];
  };
  const { code, message, details } = status;
  return { code, message, typeUrl: details[0].type_url, violations };
}

const X: Violation = {
  field: 'inputs["x"]',
  description: 'expected DT_FLOAT [-1], got DT_INT32 [1]',
};

describe('ErrorDetails', () => {
  const details = new ErrorDetails();

  it('writes a google.rpc.Status with a BadRequest', () => {
    const violations = [X, { field: '', description: 'ünïcode' }];
    const error = new ServingError(StatusCode.INVALID_ARGUMENT, 'long text', violations);
    assert.deepEqual(decoded(details.encode(error, 'text as sent')), {
      code: 3,
      message: 'text as sent',
      typeUrl: 'type.googleapis.com/google.rpc.BadRequest',
      violations,
    });
  });

  it('is the bytes that any protobuf library writes', () => {
    const error = new ServingError(StatusCode.NOT_FOUND, 'm', [{ field: 'f', description: 'd' }]);
    const url = 'type.googleapis.com/google.rpc.BadRequest';
    const violation = '\x0a\x06\x0a\x01f\x12\x01d';
    const any = `\x0a${String.fromCharCode(url.length)}${url}\x12\x08${violation}`;
    const expected = `\x08\x05\x12\x01m\x1a${String.fromCharCode(any.length)}${any}`;
    assert.equal(details.encode(error, 'm')?.toString('latin1'), expected);
  });

  it('has nothing to say without violations, nor of the faults of the server', () => {
    assert.equal(details.encode(new ServingError(StatusCode.NOT_FOUND, 'm'), 'm'), null);
    assert.equal(details.encode(new ServingError(StatusCode.INTERNAL, 'm', [X]), 'm'), null);
    assert.equal(
      details.encode(new ServingError(StatusCode.DEADLINE_EXCEEDED, 'm', [X]), 'm'),
      null,
    );
  });

  it('drops the last violations when not all fit into 4 KiB of base64', () => {
    const violations = Array.from({ length: 16 }, (_, i) => ({
      field: `f${i}`,
      description: 'd'.repeat(512),
    }));
    const error = new ServingError(StatusCode.INVALID_ARGUMENT, 'm', violations);
    const bytes = details.encode(error, 'm'.repeat(1036));
    assert.ok(bytes !== null && bytes.toString('base64').length <= 4096);
    assert.deepEqual(decoded(bytes).violations, violations.slice(0, 3));
    assert.equal(details.encode(error, '\u20ac'.repeat(1036)), null);
  });
});
