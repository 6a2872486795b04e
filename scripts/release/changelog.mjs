/** What CHANGELOG.md says of a version. */
import { SetupError } from '../setup/progress.mjs';

/**
 * @param {string} changelog with a section "## VERSION - YYYY-MM-DD" for each, newest first
 * @param {string} version
 * @returns {string} its section. @throws SetupError where it is not the newest, has no date or says nothing
 */
export function changesOf(changelog, version) {
  const sections = changelog.split(/^(?=## )/m).filter((each) => each.startsWith('## '));
  const [newest = ''] = sections;
  const [heading = '', ...lines] = newest.split('\n');
  const [, found, date] = /^## (\S+)(?: - (\d{4}-\d\d-\d\d))?$/.exec(heading) ?? [];
  const where = 'CHANGELOG.md';
  if (found !== version) {
    throw new SetupError(
      `${where}: the newest section is "${heading}", and package.json has version ${version}`,
    );
  }
  if (!date)
    throw new SetupError(`${where}: "${heading}" has no date: "## ${version} - YYYY-MM-DD"`);
  if (lines.join('').trim() === '') throw new SetupError(`${where}: "${heading}" says nothing`);
  return newest.trimEnd() + '\n';
}
