/** --grpc_channel_arguments: what reaches the gRPC server, and what is said to have no effect. */
import assert from 'node:assert/strict';

import { channelArguments } from '../../../src/config/channel-arguments.js';

const DEFAULTS = {
  'grpc.max_receive_message_length': 2147483647,
  'grpc.max_send_message_length': -1,
};

/** What --grpc_max_message_bytes is without being set. */
const NO_LIMIT = 2147483647;

describe('channelArguments', () => {
  it("are upstream's defaults where nothing is given", () => {
    assert.deepEqual(channelArguments('', NO_LIMIT), { options: DEFAULTS, ignored: [] });
  });

  it('pass on what the server knows', () => {
    const text =
      'grpc.max_connection_age_ms=5000,grpc.max_receive_message_length=-1,grpc.keepalive_time_ms= +7';
    assert.deepEqual(channelArguments(text, NO_LIMIT), {
      options: {
        ...DEFAULTS,
        'grpc.max_connection_age_ms': 5000,
        'grpc.keepalive_time_ms': 7,
      },
      ignored: [],
    });
  });

  it('let no message be larger than --grpc_max_message_bytes', () => {
    const limitOf = (text: string): number | undefined =>
      channelArguments(text, 1000).options['grpc.max_receive_message_length'];
    assert.equal(limitOf(''), 1000);
    assert.equal(limitOf('grpc.max_receive_message_length=-1'), 1000);
    assert.equal(limitOf('grpc.max_receive_message_length=999'), 999);
    assert.equal(limitOf('grpc.max_receive_message_length=1001'), 1000);
  });

  it('takes the last of a key given twice, and nothing after a second =', () => {
    const text = 'grpc.max_concurrent_streams=1,,grpc.max_concurrent_streams=2=3,';
    assert.deepEqual(channelArguments(text, NO_LIMIT).options, {
      ...DEFAULTS,
      'grpc.max_concurrent_streams': 2,
    });
  });

  it('names what has no effect: unknown keys, texts for numbers, numbers out of range', () => {
    const ignored = [
      'grpc.default_compression_algorithm=2',
      'grpc.so_reuseport=0',
      'interceptors=1',
      'grpc.max_connection_age_ms=soon',
      'grpc.max_connection_age_ms=0',
      'grpc.max_concurrent_streams=-1',
      'grpc.max_connection_idle_ms=2147483648',
      'grpc.keepalive_time_ms=',
    ];
    assert.deepEqual(channelArguments(ignored.join(','), NO_LIMIT), { options: DEFAULTS, ignored });
  });
});
