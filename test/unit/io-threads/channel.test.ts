import assert from 'node:assert/strict';

import { Channel, type Message } from '../../../src/io-threads/channel.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

interface Left {
  half: [number, number];
  text: [null, string];
}
interface Right {
  note: [string, void];
}

describe('Channel', () => {
  const notes: string[] = [];
  let left: Channel<Right, Left>;
  let right: Channel<Left, Right>;
  beforeEach(() => {
    notes.length = 0;
    // What crosses is cloned, as between threads.
    left = new Channel<Right, Left>((message: Message) => right.take(structuredClone(message)), {
      half: (value) => {
        if (value % 2 === 0) return value / 2;
        const violations = [{ field: 'value', description: 'odd' }];
        throw new ServingError(StatusCode.OUT_OF_RANGE, `${value} has no half`, violations);
      },
      text: async () => {
        await left.ask('note', 'asked back');
        return 'text';
      },
    });
    right = new Channel<Left, Right>((message: Message) => left.take(structuredClone(message)), {
      note: (text) => {
        notes.push(text);
      },
    });
  });

  it('answers each question, whatever the order in which answers come', async () => {
    const [text, one, two] = await Promise.all([
      right.ask('text', null),
      right.ask('half', 2),
      right.ask('half', 4),
    ]);
    assert.deepEqual([text, one, two], ['text', 1, 2]);
    assert.deepEqual(notes, ['asked back']);
  });

  it('hands errors over with code, text and violations', async () => {
    await assert.rejects(right.ask('half', 3), {
      name: 'ServingError',
      code: StatusCode.OUT_OF_RANGE,
      message: '3 has no half',
      violations: [{ field: 'value', description: 'odd' }],
    });
  });

  it('fails what is asked of an end that has gone', async () => {
    const silent = new Channel<Left, Right>(() => undefined, { note: () => undefined });
    const asked = silent.ask('half', 2);
    silent.close();
    await assert.rejects(asked, { code: StatusCode.UNAVAILABLE });
    await assert.rejects(silent.ask('half', 2), { code: StatusCode.UNAVAILABLE });
  });
});
