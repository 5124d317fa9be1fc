/**
 * Calls `probe` until it returns without throwing, and gives its result.
 *
 * @throws the last error of the probe when the time is over.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  {
    timeoutMs = 5_000,
    everyMs = 25,
  }: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
