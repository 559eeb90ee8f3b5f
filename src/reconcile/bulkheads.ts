import { AsyncLocalStorage } from "node:async_hooks"
import type { WorkspaceName } from "../core/model.ts"
import type { Remote } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { GitError, LockstepError, PrefectError } from "../lib/errors.ts"
import { Lanes } from "../lib/lanes.ts"
import { Rounds } from "../lib/rounds.ts"
import type { GitPort, WorkspacePort } from "./ports.ts"
import type { Snapshots } from "./snapshots.ts"
import type { Walk } from "./walk.ts"

/** Somebody outside whom turns ask. */
interface Place {
  /** In words, for people. */
  readonly on: string
  /** Who asks whom: a server that wants to be left alone means those who come with the same credentials. */
  readonly account: string
  /** At most so many questions at once. */
  readonly lane: { readonly lanes: Lanes; readonly key: string } | null
}

/** At one Git host, and of these to one repository: a slow one must not take all. */
const perHostMax = 8
const perRepositoryMax = 2
/** Turns that write to one workspace. */
const writersMax = 4
/** For so long a turn stands before a door that a server has shut; for longer it comes to an end, and says so. */
const patienceMs = 30_000
/** No server may shut itself off for longer. */
const shutMaxMs = 600_000

/**
 * The walls between tenants. Turns are many and cheap; bounded is what they ask of each Git host and each workspace, so
 * one that hangs costs those that need it and nobody else. A turn has a place only while it asks. What a server says of
 * how long to leave it alone holds for all who ask it with the same credentials, whatever makes them ask.
 */
export class Bulkheads {
  readonly #clock: Clock
  readonly #walks = new AsyncLocalStorage<Walk>()
  readonly #hosts = new Lanes(perHostMax)
  readonly #repositories = new Lanes(perRepositoryMax)
  readonly #writers = new Lanes(writersMax)
  readonly #rounds = new Rounds()
  readonly #shut = new Map<string, { readonly untilMs: number; readonly error: LockstepError }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The next round of the event loop that is nobody else's. */
  round(): Promise<void> {
    return this.#rounds.next()
  }

  /** Runs what is decided in steps; others go on between them. */
  async inSteps<T>(steps: Generator<undefined, T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
      await this.#rounds.next()
    }
  }

  /** What `work` asks from now on is asked by this turn. */
  walk<T>(walk: Walk, work: () => Promise<T>): Promise<T> {
    return this.#walks.run(walk, work)
  }

  /** One of the few that write to a workspace at a time. A turn that must stop goes on at once: it writes nothing. */
  async write<T>(workspace: WorkspaceName, work: () => Promise<T>, stop: AbortSignal): Promise<T> {
    const line = this.#inLine(`a place to write to workspace ${workspace}`, this.#writers.enter(workspace, stop))
    const leave = await line.catch(() => () => undefined)
    try {
      return await work()
    } finally {
      leave()
    }
  }

  git(port: GitPort): GitPort {
    const ask = async <T>(remote: Remote, work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
      const place = gitPlace(remote, this.#hosts)
      const repository = JSON.stringify([remote.url, remote.credentials])
      const leave = await this.#inLine(place.on, this.#repositories.enter(repository, signal))
      return this.#ask(place, work, signal).finally(leave)
    }
    return {
      resolve: (...asked) => ask(asked[0], () => port.resolve(...asked), asked[3]),
      tree: (...asked) => ask(asked[0], () => port.tree(...asked), asked[2]),
      blobs: (...asked) => ask(asked[0], () => port.blobs(...asked), asked[4]),
    }
  }

  /** Its client bounds the requests itself: so many reads and so many writes at once. */
  workspace(name: WorkspaceName, port: WorkspacePort): WorkspacePort {
    const place = { on: `workspace ${name}`, account: `workspace ${name}`, lane: null }
    const answersAtOnce = new Set<PropertyKey>(["serverNow"])
    return around(
      port,
      (method) => !answersAtOnce.has(method),
      (work, asked) => this.#ask(place, work, asked.at(-1) as AbortSignal),
    )
  }

  /** Turns of one workspace wait for each other's listing. */
  snapshots(name: WorkspaceName, snapshots: Snapshots): Snapshots {
    const waits = new Set<PropertyKey>(["current"])
    return around(
      snapshots,
      (method) => waits.has(method),
      (work) => this.#at(`workspace ${name}`, work),
    )
  }

  /** A new client may ask at once: it may come with other credentials. */
  open(workspace: WorkspaceName): void {
    this.#shut.delete(`workspace ${workspace}`)
  }

  async #ask<T>(place: Place, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#atDoor(place, signal)
    const { lane } = place
    const leave = lane ? await this.#inLine(place.on, lane.lanes.enter(lane.key, signal)) : () => undefined
    try {
      return await this.#at(place.on, work)
    } catch (error) {
      this.#heed(place, error)
      throw error
    } finally {
      leave()
      await this.#rounds.next()
    }
  }

  async #atDoor({ account, on }: Place, signal: AbortSignal): Promise<void> {
    const shut = this.#shut.get(account)
    const leftMs = shut ? shut.untilMs - this.#clock.elapsed() : 0
    if (!shut || leftMs <= 0) return void this.#shut.delete(account)
    if (leftMs > patienceMs) throw again(shut.error, leftMs)
    await this.#inLine(on, this.#clock.sleep(leftMs, signal))
  }

  #heed({ account }: Place, error: unknown): void {
    if (!(error instanceof LockstepError) || error.retryAfterMs === null) return
    const untilMs = this.#clock.elapsed() + Math.min(error.retryAfterMs, shutMaxMs)
    if (untilMs > (this.#shut.get(account)?.untilMs ?? 0)) this.#shut.set(account, { untilMs, error })
  }

  #at<T>(on: string, work: () => Promise<T>): Promise<T> {
    const walk = this.#walks.getStore()
    return walk ? walk.at(on, work) : work()
  }

  #inLine<T>(on: string, line: Promise<T>): Promise<T> {
    const walk = this.#walks.getStore()
    return walk ? walk.at(on, () => walk.inLine(line)) : line
  }
}

function gitPlace(remote: Remote, lanes: Lanes): Place {
  const host = URL.canParse(remote.url) ? new URL(remote.url).host : remote.url
  const account = JSON.stringify([host, remote.credentials])
  return { on: `Git host ${host}`, account, lane: { lanes, key: host } }
}

/** What the server said, for somebody who comes later. */
function again(error: LockstepError, leftMs: number): LockstepError {
  const { kind, code } = error
  const message = `${error.message} (not asked again before its Retry-After is over)`
  if (error instanceof GitError) return new GitError(message, { kind, code, retryAfterMs: leftMs })
  if (!(error instanceof PrefectError)) return new LockstepError(message, { kind, code, retryAfterMs: leftMs })
  const { status, detail } = error
  return new PrefectError(message, { kind, code, status, detail, retryAfterMs: leftMs })
}

/** The same object, but what its methods do goes through `pass`; those of its members too. */
function around<T extends object>(
  object: T,
  passes: (method: PropertyKey) => boolean,
  pass: (work: () => Promise<unknown>, asked: readonly unknown[]) => unknown,
): T {
  return new Proxy(object, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member === "object" && member !== null) return around(member, passes, pass)
      if (typeof member !== "function") return member
      const call = (...asked: readonly unknown[]): unknown => Reflect.apply(member, target, asked) as unknown
      return passes(name) ? (...asked: readonly unknown[]) => pass(async () => call(...asked), asked) : call
    },
  })
}
