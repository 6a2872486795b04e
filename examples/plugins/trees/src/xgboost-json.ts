/** XGBoost's JSON, which has NaN and Infinity where JSON has no word: thresholds that nobody asks for, say. */

/** NaN becomes null. @throws SyntaxError */
export function parseXgboostJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const standard = inStandardJson(text);
    if (standard === text) throw error;
    return JSON.parse(standard);
  }
}

/** Outside of strings NaN is written as null, Infinity as a number too large for a double. */
function inStandardJson(text: string): string {
  const pieces: string[] = [];
  let copied = 0;
  let isString = false;
  for (let at = 0; at < text.length; ++at) {
    const character = text[at];
    if (character === '"') isString = !isString;
    else if (isString && character === '\\') ++at;
    if (isString || (character !== 'N' && character !== 'I')) continue;
    const word = character === 'N' ? 'NaN' : 'Infinity';
    if (!text.startsWith(word, at)) continue;
    pieces.push(text.slice(copied, at), character === 'N' ? 'null' : '1e999');
    copied = at + word.length;
    at = copied - 1;
  }
  return pieces.join('') + text.slice(copied);
}
