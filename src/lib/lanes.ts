/** At most so many at once for each key; the others wait their turn in the order they came. */
export class Lanes {
  readonly #max: number
  readonly #keys = new Map<string, Lane>()

  constructor(max: number) {
    this.#max = max
  }

  async run<T>(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const leave = await this.enter(key, signal)
    try {
      return await work()
    } finally {
      leave()
    }
  }

  /** Resolves to what gives the place back, once there is one. Who is aborted while waiting leaves the line. */
  async enter(key: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const lane = this.#keys.get(key) ?? { running: 0, waiting: new Set() }
    this.#keys.set(key, lane)
    if (lane.running >= this.#max) await this.#wait(lane, signal)
    else lane.running++
    return () => this.#leave(key, lane)
  }

  #wait({ waiting }: Lane, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener("abort", leave)
        resolve()
      }
      const leave = (): void => {
        waiting.delete(go)
        reject(signal.reason as Error)
      }
      signal.addEventListener("abort", leave, { once: true })
      waiting.add(go)
    })
  }

  /** Whoever waits takes over the place, so the number of running stays. */
  #leave(key: string, lane: Lane): void {
    const [next] = lane.waiting
    if (next) {
      lane.waiting.delete(next)
      next()
    } else if (--lane.running === 0) this.#keys.delete(key)
  }
}

interface Lane {
  running: number
  readonly waiting: Set<() => void>
}
