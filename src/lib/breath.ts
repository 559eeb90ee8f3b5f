import { setImmediate } from "node:timers/promises"

/** About ten milliseconds of work. */
const longestUnits = 10_000

/** Lets everything else have its turn in a long piece of work, which says how much it has done: about a unit a microsecond. */
export class Breath {
  #units = 0

  /** Whether it is time for `take`; apart from it, because a tight loop shouldn't wait for nothing each time. */
  isDue(units: number): boolean {
    this.#units += units
    return this.#units >= longestUnits
  }

  async take(): Promise<void> {
    this.#units = 0
    await setImmediate()
  }

  async spend(units: number): Promise<void> {
    if (this.isDue(units)) await this.take()
  }
}
