/** One at a time, in the order of asking. */
export class Mutex {
  #last: Promise<void> = Promise.resolve()

  /** Who is aborted while waiting leaves the line; work under way sees to its own signal. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last
    const { promise: done, resolve: finish } = Promise.withResolvers<void>()
    this.#last = before.then(() => done)
    try {
      await unlessAborted(before, signal)
      return await work()
    } finally {
      finish()
    }
  }
}

/** The promise's end, or the signal's, whichever comes first; the work behind the promise goes on for others. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody may be left to hear of its failure.
  promise.catch(() => undefined)
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.addEventListener("abort", abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener("abort", abort)
  }
}
