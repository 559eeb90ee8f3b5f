/** Many may cross at once, or one may have it for itself; who asks for it alone isn't overtaken by those who come later. */
export class Crossing {
  #crossing = 0
  #alone = false
  #waiting: { readonly alone: boolean; readonly enter: () => void }[] = []

  /** With others. */
  async across<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(false, signal)
    try {
      return await work()
    } finally {
      this.#crossing--
      this.#admit()
    }
  }

  /** While nobody crosses. */
  async alone<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(true, signal)
    try {
      return await work()
    } finally {
      this.#alone = false
      this.#admit()
    }
  }

  #enter(alone: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== mine)
        this.#admit()
        reject(signal.reason as Error)
      }
      const enter = (): void => {
        signal.removeEventListener("abort", leave)
        resolve()
      }
      const mine = { alone, enter }
      signal.addEventListener("abort", leave, { once: true })
      this.#waiting.push(mine)
      this.#admit()
    })
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#isFree(next.alone); next = this.#waiting[0]) {
      this.#waiting.shift()
      if (next.alone) this.#alone = true
      else this.#crossing++
      next.enter()
    }
  }

  #isFree(alone: boolean): boolean {
    return !this.#alone && (!alone || this.#crossing === 0)
  }
}
