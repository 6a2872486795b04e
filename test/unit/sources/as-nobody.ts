/** Permissions hold for everyone but root, whom tests may well run as. */
const NOBODY = 65534;

/** Does the work as a user whom modes of files bind. What it touches must lie where he may go. */
export async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
