import type { Socket } from "node:net"

/**
 * The connections of a server, so that strangers can't use up what probes, signed webhooks and readers need. A connection
 * of which nobody has proved to be anybody may be closed for a new one, the one that has waited longest first: whoever
 * means it is done within milliseconds, whoever holds connections open loses the oldest.
 */
export class Connections {
  readonly #max: number
  /** In the order in which they came, or had their last answer. */
  readonly #strangers = new Set<Socket>()
  readonly #known = new Set<Socket>()
  constructor(max: number) {
    this.#max = max
  }

  /** A new connection; with too many already it takes a stranger's place, or isn't taken. */
  add(socket: Socket): void {
    if (this.#strangers.size + this.#known.size >= this.#max) {
      const [oldest] = this.#strangers
      if (!oldest) return void socket.destroy()
      this.#remove(oldest)
      oldest.destroy()
    }
    this.#strangers.add(socket)
    socket.once("close", () => this.#remove(socket))
  }

  /** What is asked on it now comes from somebody who may ask: it stays until `answered`. */
  keep(socket: Socket): void {
    if (this.#strangers.delete(socket)) this.#known.add(socket)
  }

  /** Between two requests everybody is a stranger again. */
  answered(socket: Socket): void {
    if (this.#strangers.delete(socket) || this.#known.delete(socket)) this.#strangers.add(socket)
  }

  #remove(socket: Socket): void {
    this.#strangers.delete(socket)
    this.#known.delete(socket)
  }
}

/** A few places for what costs memory before anybody has proved who they are; a newcomer takes that of the oldest. */
export class Places {
  readonly #max: number
  readonly #taken = new Set<Socket>()
  /** Those whose end is listened for: one connection asks many times. */
  readonly #heard = new WeakSet<Socket>()
  constructor(max: number) {
    this.#max = max
  }

  enter(socket: Socket): void {
    const [oldest] = this.#taken
    if (oldest && this.#taken.size >= this.#max) {
      this.#taken.delete(oldest)
      oldest.destroy()
    }
    this.#taken.add(socket)
    if (this.#heard.has(socket)) return
    this.#heard.add(socket)
    socket.once("close", () => this.leave(socket))
  }

  leave(socket: Socket): void {
    this.#taken.delete(socket)
  }
}
