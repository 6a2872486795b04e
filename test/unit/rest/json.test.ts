import assert from 'node:assert/strict';

import { ServableState } from '../../../src/core/servable.js';
import { modelListJson } from '../../../src/rest/model-list.js';
import { errorJson, modelStatusJson, quoted } from '../../../src/rest/json.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

describe('REST JSON texts', () => {
  it('escapes as upstream: short escapes, upper-case hex, nothing above 0x1f', () => {
    assert.equal(
      quoted('a"b\\c\n\t\r\b\f\u001f/\u007fé'),
      '"a\\"b\\\\c\\n\\t\\r\\b\\f\\u001F/\u007fé"',
    );
  });

  it('wraps an error in an object of one key, indented by four', () => {
    assert.equal(errorJson('Bad key: "key"'), '{\n    "error": "Bad key: \\"key\\""\n}');
  });

  it('prints model status as proto3 JSON with every field', () => {
    const failed = new ServingError(StatusCode.NOT_FOUND, 'gone');
    assert.equal(
      modelStatusJson([
        { version: 124n, state: ServableState.END, error: failed },
        { version: 123n, state: ServableState.AVAILABLE, error: null },
      ]),
      `{
 "model_version_status": [
  {
   "version": "124",
   "state": "END",
   "status": {
    "error_code": "NOT_FOUND",
    "error_message": "gone"
   }
  },
  {
   "version": "123",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}
`,
    );
  });

  it('prints the list of models as model status one level deeper', () => {
    assert.equal(modelListJson([]), '{\n "models": []\n}\n');
    assert.equal(
      modelListJson([
        { name: 'a"', versions: [{ version: 1n, state: ServableState.AVAILABLE, error: null }] },
        { name: 'b', versions: [] },
      ]),
      `{
 "models": [
  {
   "name": "a\\"",
   "model_version_status": [
    {
     "version": "1",
     "state": "AVAILABLE",
     "status": {
      "error_code": "OK",
      "error_message": ""
     }
    }
   ]
  },
  {
   "name": "b",
   "model_version_status": []
  }
 ]
}
`,
    );
  });
});
