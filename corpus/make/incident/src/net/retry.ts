/** Tries three times, waiting longer each time. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  let last: unknown;
  for (const wait of [0, 500, 2_000]) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      return await work();
    } catch (error) {
      last = error;
    }
  }
  throw last;
}
