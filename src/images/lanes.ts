/** At most so many at once for each key; the others wait their turn in the order they came. */
export class Lanes {
  readonly #max: number
  readonly #keys = new Map<string, { running: number; readonly waiting: (() => void)[] }>()

  constructor(max: number) {
    this.#max = max
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#keys.get(key) ?? { running: 0, waiting: [] }
    this.#keys.set(key, lane)
    if (lane.running >= this.#max) await new Promise<void>((go) => lane.waiting.push(go))
    else lane.running++
    try {
      return await work()
    } finally {
      // Whoever waits takes over the place, so the number of running stays.
      const next = lane.waiting.shift()
      if (next) next()
      else if (--lane.running === 0) this.#keys.delete(key)
    }
  }
}
