import { Worker } from "node:worker_threads"
import type { DesiredDeployment } from "../core/model.ts"
import { systemClock } from "../lib/clock.ts"
import { LockstepError } from "../lib/errors.ts"
import { Lanes } from "../lib/lanes.ts"
import type { ReadBlobs } from "../reconcile/ports.ts"
import { placeBytes, type Call, type FromThread, type Result, type ToThread } from "./messages.ts"

export interface Limits {
  /** What one call may compute, its waits for texts left out. */
  readonly callMs: number
  readonly heapMiB: number
}

/** Why a call came to no end. */
export class Died extends Error {
  /** The file that the thread was at; null = it isn't known. */
  readonly file: string | null
  /** Whether this very call was at work. */
  readonly isCulprit: boolean
  constructor(why: string, file: string | null, isCulprit: boolean) {
    super(why)
    this.file = file
    this.isCulprit = isCulprit
  }
}

/** An argument isn't in the thread any more. */
export class Lost extends Error {}

/** What nobody foresaw: a bug, or an input that makes one. */
export class Broke extends Error {
  readonly file: string | null
  constructor(message: string, file: string | null) {
    super(message)
    this.file = file
  }
}

interface Pending {
  readonly call: Call
  readonly read: ReadBlobs | null
  readonly take: (message: FromThread) => void
  readonly fail: (error: Error) => void
  usedMs: number
}

/**
 * One thread that renders, started when it is first needed and again after each death. One call computes at a time; while
 * it waits for texts the others go on.
 */
export class Thread {
  readonly #limits: Limits
  readonly #lanes = new Lanes(1)
  readonly #pending = new Map<number, Pending>()
  readonly #place = new SharedArrayBuffer(placeBytes)
  #worker: Worker | null = null
  #isReady: Promise<void> = Promise.resolve()
  #atWork: Pending | null = null
  /** Ends the time of the call at work. */
  #stop = new AbortController()
  /** Lets the next one to work. */
  #leave: () => void = () => undefined
  #calls = 0
  /** Counts the starts: what an earlier one knew is gone. */
  #starts = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get starts(): number {
    return this.#starts
  }

  /** @throws Died, Lost, Broke, LockstepError */
  async call(
    asked: Omit<Call, "kind" | "id">,
    read: ReadBlobs | null,
  ): Promise<{ readonly result: Result; readonly deployments: readonly DesiredDeployment[] }> {
    const call = { kind: "call", id: ++this.#calls, ...asked } as const
    return this.#computing(call, read, async (pending, next) => {
      this.post(call)
      for (;;) {
        const message = await next()
        if (message.kind === "done") return { result: message.result, deployments: await this.#parts(message, next) }
        if (message.kind === "lost") throw new Lost(message.name)
        if (message.kind === "failed") throw this.#failure(message)
        if (message.kind === "needs") await this.#bring(pending, message.oids)
      }
    })
  }

  post(message: ToThread): void {
    this.#started().postMessage(message)
  }

  /** Without a start for it: where nobody is nothing needs to be forgotten. */
  forget(owner: string): void {
    this.#worker?.postMessage({ kind: "forget", owner } satisfies ToThread)
  }

  async #parts(
    { id, result }: FromThread & { kind: "done" },
    next: () => Promise<FromThread>,
  ): Promise<readonly DesiredDeployment[]> {
    const deployments: DesiredDeployment[] = []
    while (result.kind === "desired" && deployments.length < result.count) {
      this.post({ kind: "more", id })
      const message = await next()
      if (message.kind !== "part" || message.deployments.length === 0) throw new Broke("a part is missing", null)
      deployments.push(...message.deployments)
    }
    return deployments
  }

  /** What the call waits for outside isn't its own time, and nobody waits for it. */
  async #bring(pending: Pending, oids: readonly string[]): Promise<void> {
    this.#rest()
    let blobs: Awaited<ReturnType<ReadBlobs>> | null = null
    try {
      blobs = (await pending.read?.(oids)) ?? null
    } finally {
      await this.#work(pending)
      if (this.#pending.has(pending.call.id)) this.post({ kind: "texts", id: pending.call.id, blobs })
    }
  }

  async #computing<T>(
    call: Call,
    read: ReadBlobs | null,
    work: (pending: Pending, next: () => Promise<FromThread>) => Promise<T>,
  ): Promise<T> {
    const came: FromThread[] = []
    let wake = Promise.withResolvers<void>()
    let dead: Error | null = null
    const pending: Pending = {
      call,
      read,
      usedMs: 0,
      take: (message) => {
        came.push(message)
        wake.resolve()
      },
      fail: (error) => {
        dead = error
        wake.resolve()
      },
    }
    const next = async (): Promise<FromThread> => {
      for (;;) {
        const message = came.shift()
        if (message) return message
        if (dead) throw dead
        await wake.promise
        wake = Promise.withResolvers()
      }
    }
    await this.#work(pending)
    this.#pending.set(call.id, pending)
    try {
      return await work(pending, next)
    } finally {
      this.#rest()
      this.#pending.delete(call.id)
      if (this.#pending.size === 0) this.#worker?.unref()
    }
  }

  async #work(pending: Pending): Promise<void> {
    this.#leave = await this.#lanes.enter("", never)
    await this.#ready()
    this.#atWork = pending
    new Int32Array(this.#place, 0, 1)[0] = 0
    const started = systemClock.elapsed()
    const stop = new AbortController()
    this.#stop = stop
    stop.signal.addEventListener("abort", () => (pending.usedMs += systemClock.elapsed() - started), { once: true })
    systemClock.sleep(Math.max(1, this.#limits.callMs - pending.usedMs), stop.signal).then(
      () => this.#die(`it took longer than ${this.#limits.callMs / 1000} s`),
      () => undefined,
    )
  }

  #rest(): void {
    this.#stop.abort()
    this.#atWork = null
    this.#leave()
  }

  /** To start takes its time, which is nobody's. */
  async #ready(): Promise<void> {
    this.#started()
    try {
      await this.#isReady
    } catch {
      this.#leave()
      throw new Died("it can't be started", null, false)
    }
  }

  #started(): Worker {
    if (this.#worker) {
      this.#worker.ref()
      return this.#worker
    }
    const { heapMiB } = this.#limits
    // No environment: nothing in there could read what it is not given.
    const worker = new Worker(workerFile, {
      env: {},
      execArgv: [],
      workerData: this.#place,
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: 32 },
    })
    this.#worker = worker
    this.#starts++
    const ready = Promise.withResolvers<void>()
    this.#isReady = ready.promise
    ready.promise.catch(() => undefined)
    worker.on("message", (message: FromThread) => {
      if (message.kind === "ready") ready.resolve()
      else this.#pending.get(message.id)?.take(message)
    })
    worker.once("exit", () => ready.reject(new Error("it ended")))
    worker.on("error", (error) => {
      const outOfMemory = "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY"
      this.#die(outOfMemory ? `it took more than ${heapMiB} MiB of memory` : error.message, worker)
    })
    worker.on("exit", () => this.#die("its thread ended", worker))
    return worker
  }

  #die(why: string, worker = this.#worker): void {
    if (!worker || worker !== this.#worker) return
    this.#worker = null
    void worker.terminate()
    const file = this.#file()
    const culprit = this.#atWork
    for (const pending of this.#pending.values()) pending.fail(new Died(why, file, pending === culprit))
  }

  #failure({ message, known }: FromThread & { kind: "failed" }): Error {
    return known ? new LockstepError(message, known) : new Broke(message, this.#file())
  }

  #file(): string | null {
    const size = new Int32Array(this.#place, 0, 1)[0] ?? 0
    if (size <= 0 || size > placeBytes - 4) return null
    return new TextDecoder().decode(new Uint8Array(this.#place, 4, size).slice())
  }
}

const never = new AbortController().signal

/** In a checkout the sources run as they are, in the package what was compiled of them. */
const workerFile = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)
