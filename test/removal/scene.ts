import { isRetired, markTags, readMark, readPruneTag } from "../../src/core/mark.ts"
import type { DeploymentId, LiveDeployment, SourceName, WorkspaceName } from "../../src/core/model.ts"
import type { Source } from "../../src/core/source.ts"
import { Events } from "../../src/observe/events.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import type { TurnContext } from "../../src/reconcile/context.ts"
import { memoryOf, openState, type WorkspaceState } from "../../src/reconcile/memory.ts"
import { confirmHold } from "../../src/reconcile/operate.ts"
import { Snapshots } from "../../src/reconcile/snapshots.ts"
import { runTurn } from "../../src/reconcile/turn.ts"
import { live, owned, sourceOf } from "../core/builders.ts"
import { ModelGit, ModelPrefect, SteppedClock, type ModelWrite, type WriteFault } from "./model.ts"

const installation = "prod"
export const names = ["a", "b", "c", "d"] as const
const sourceNames = ["one", "two"] as const
const graceMs = 3_600_000
/** Removals in their grace that nobody needs to confirm. */
const budget = 1

export type Command =
  | {
      readonly do: "commit"
      readonly source: 0 | 1
      readonly names: readonly string[]
      readonly limit: number
      readonly complete: boolean
      readonly look: boolean
    }
  | { readonly do: "move"; readonly name: string; readonly to: 0 | 1 }
  | { readonly do: "turn"; readonly source: 0 | 1 }
  | { readonly do: "confirm"; readonly source: 0 | 1 }
  | Upset

type Upset =
  | { readonly do: "gitDown"; readonly source: 0 | 1 }
  | { readonly do: "unpause" | "edit" | "strip" | "destroy"; readonly name: string }
  /** A person is faster than a turn: just before it writes. */
  | { readonly do: "race"; readonly how: "unpause" | "edit" }
  | { readonly do: "fault"; readonly fault: WriteFault }
  | { readonly do: "restart" }
  | { readonly do: "loseRecords" }
  | { readonly do: "wait"; readonly minutes: number }

/** Two sources of one workspace, among what belongs to nobody and to another installation. */
export class Scene {
  readonly clock = new SteppedClock()
  readonly prefect = new ModelPrefect(this.clock)
  readonly git = new ModelGit()
  readonly sources: readonly [Source, Source]
  readonly foreign: readonly LiveDeployment[]
  readonly wrongs: string[] = []
  context: TurnContext
  workspace: WorkspaceState
  #starts = 0
  #running: { readonly source: Source; readonly confirmed: boolean } | null = null

  constructor() {
    const prune = { graceMs, max: budget, maxPercent: 0 }
    const sources = sourceNames.map((one) =>
      sourceOf(
        { prune, adopt: "unowned" },
        { name: one as SourceName, remote: { url: one, credentials: null, caFile: null } },
      ),
    )
    this.sources = sources as [Source, Source]
    for (const { remote } of sources) this.git.commit(remote.url, { names: {}, complete: true })
    const theirs = { installation: "elsewhere", source: "one" as SourceName }
    this.foreign = [
      live("f/nobodys"),
      owned("f/theirs", {}, { owner: theirs }),
      // A copy that somebody made in the UI carries our tags, but its mark is another's.
      { ...live("f/copy"), allTags: markTags({ installation, source: "one" as SourceName }, live("f/a").key, "") },
    ]
    for (const one of this.foreign) this.prefect.add(one)
    // Kept, not thrown: what a write throws is taken for Prefect's trouble.
    this.prefect.onWrite = (write) => {
      const wrong = this.#judge(write)
      if (wrong !== null) this.wrongs.push(wrong)
    }
    const { context, workspace } = this.#start()
    this.context = context
    this.workspace = workspace
  }

  #start() {
    const { clock, git, prefect } = this
    const secrets = { read: () => Promise.reject(new Error("none")), mask: (text: string) => text }
    const events = new Events((error) => {
      throw error
    })
    const instance = `start-${++this.#starts}`
    const { port, render, images } = git
    const bulkheads = new Bulkheads(clock)
    const context = {
      installation,
      version: "1",
      instance,
      git: port,
      render,
      images,
      bulkheads,
      secrets,
      clock,
      events,
    }
    const snapshots = new Snapshots(prefect, clock, 300_000)
    const workspace = openState({ name: "default" as WorkspaceName, port: prefect, snapshots, driftIntervalMs: 30_000 })
    for (const one of this.sources) memoryOf(workspace, one)
    return { context, workspace }
  }

  restart(): void {
    Object.assign(this, this.#start())
  }

  /** Nobody loses what they meant to keep: this looks at each write with eyes of its own. */
  #judge(write: ModelWrite): string | null {
    if (write.kind === "variable" || write.kind === "create") return null
    const { live } = write
    const turn = this.#running
    if (!turn) return `${live.key} is written outside a turn`
    if (this.foreign.some(({ id }) => id === live.id)) return `${live.key} is foreign`
    const mark = readMark(live.allTags, live.key)
    const mine =
      mark.kind === "owned" && mark.owner.installation === installation && mark.owner.source === turn.source.name
    const retires = write.kind === "patch" && write.patch.fields.paused === true
    if (write.kind === "patch" && !retires) return null
    if (!mine) return `${live.key} isn't owned by ${turn.source.name} and would go`
    return this.#judgeRemoval(live, turn, write.kind === "remove")
  }

  #judgeRemoval(
    live: LiveDeployment,
    turn: { readonly source: Source; readonly confirmed: boolean },
    deletes: boolean,
  ): string | null {
    const head = this.git.head(turn.source.remote.url)
    if (!head.complete) return `${live.key} would go by a partial read`
    for (const { remote } of this.sources)
      // What can't be read now counts as it was last read.
      if (!this.git.down.has(remote.url) && live.name in this.git.head(remote.url).names)
        return `${live.key} would go, and ${remote.url} declares it`
    if (!deletes) return turn.confirmed ? null : this.#judgeRetirement(live, turn.source)
    const over = Date.parse(live.updated) + graceMs <= this.clock.now()
    return isRetired(live) && live.fields.paused && over ? null : `${live.key} is deleted within its grace`
  }

  #judgeRetirement(live: LiveDeployment, source: Source): string | null {
    const retired = [...this.prefect.deployments.values()].filter((one) => {
      const mark = readMark(one.allTags, one.key)
      return mark.kind === "owned" && mark.owner.source === source.name && isRetired(one)
    })
    if (readPruneTag(live.allTags) === "vetoed" || isRetired(live))
      return `${live.key} was un-paused by a person and nobody confirmed`
    if (retired.length >= budget) return `${live.key} is beyond the budget and nobody confirmed`
    const isLast = Object.keys(this.git.head(source.remote.url).names).length === 0
    return isLast ? `${live.key} is the last one and nobody confirmed` : null
  }

  async turn(index: 0 | 1): Promise<string> {
    const source = this.sources[index]
    const confirmed = memoryOf(this.workspace, source).confirmed !== null
    this.#running = { source, confirmed }
    const { signal } = new AbortController()
    const signals = { drain: signal, abort: signal, look: signal }
    const taken = { source: source.name, trigger: "sync", requestedAt: this.clock.now() } as const
    const outcome = await runTurn(this.context, source, this.workspace, { taken, signals })
    this.#running = null
    if (outcome.failure?.code === "internal") throw new Error(outcome.failure.message)
    return outcome.kind
  }

  confirm(index: 0 | 1): boolean {
    const source = this.sources[index]
    const { hold } = memoryOf(this.workspace, source)
    return hold !== null && confirmHold({ source, workspace: this.workspace }, hold.digest) === null
  }

  byName(wanted: string): readonly DeploymentId[] {
    return [...this.prefect.deployments.values()].filter(({ name }) => name === wanted).map(({ id }) => id)
  }

  async run(one: Command): Promise<void> {
    const { git } = this
    if (one.do === "commit") {
      const names = Object.fromEntries(one.names.map((each) => [each, one.limit]))
      git.commit(this.sources[one.source].remote.url, { names, complete: one.complete })
      if (one.look) await this.turn(one.source)
    } else if (one.do === "move") {
      for (const [index, { remote }] of this.sources.entries()) {
        const { [one.name]: _gone, ...rest } = git.head(remote.url).names
        git.commit(remote.url, { names: index === one.to ? { ...rest, [one.name]: 1 } : rest, complete: true })
      }
    } else if (one.do === "turn") await this.turn(one.source)
    else if (one.do !== "confirm") this.#upset(one)
    else if (this.confirm(one.source)) await this.turn(one.source)
  }

  /** What happens around the daemon. */
  #upset(one: Upset): void {
    const { git, prefect } = this
    if (one.do === "gitDown") {
      const { url } = this.sources[one.source].remote
      if (!git.down.delete(url)) git.down.add(url)
    } else if (one.do === "race") {
      prefect.onRead = ({ id }) => {
        prefect.onRead = () => undefined
        if (!this.foreign.some((foreign) => foreign.id === id)) this.#disturb(one.how, id)
      }
    } else if (one.do === "fault") prefect.fault = one.fault
    else if (one.do === "restart") this.restart()
    else if (one.do === "loseRecords") prefect.values.clear()
    else if (one.do === "wait") this.clock.step(one.minutes * 60_000)
    else for (const id of this.byName(one.name)) this.#disturb(one.do, id)
  }

  /** What people do to one deployment. */
  #disturb(how: "unpause" | "edit" | "strip" | "destroy", id: DeploymentId): void {
    const { prefect } = this
    const set = (fields: Partial<LiveDeployment["fields"]>, more: Partial<LiveDeployment> = {}) =>
      prefect.edit(id, (live) => ({ ...live, ...more, fields: { ...live.fields, ...fields } }))
    if (how === "unpause") set({ paused: false })
    else if (how === "edit") set({ parameters: { limit: 99 } })
    // Who takes it out of our hands un-pauses it too: that we had paused it can't be known any more.
    else if (how === "strip") set({ paused: false }, { allTags: [] })
    else prefect.deployments.delete(id)
  }

  /** Everything works again, everybody agrees, and time passes. Each name is declared by one source at most. */
  async settle(): Promise<void> {
    this.git.down.clear()
    this.prefect.fault = null
    this.prefect.onRead = () => undefined
    const [one, two] = this.sources.map(({ remote }) => this.git.head(remote.url).names) as [
      Record<string, number>,
      Record<string, number>,
    ]
    const rest = Object.fromEntries(Object.entries(two).filter(([each]) => !(each in one)))
    this.git.commit("one", { names: one, complete: true })
    this.git.commit("two", { names: rest, complete: true })
    for (let round = 0; round < 8; round++) {
      for (const index of [0, 1] as const) {
        await this.turn(index)
        if (this.confirm(index)) await this.turn(index)
      }
      this.clock.step(2 * graceMs)
    }
  }

  /** Ours by name with the owner and the parameter, and whether it runs. */
  ours(): object {
    const all = [...this.prefect.deployments.values()].flatMap((live) => {
      const mark = readMark(live.allTags, live.key)
      if (mark.kind !== "owned" || mark.owner.installation !== installation) return []
      const { parameters, paused } = live.fields
      return [[live.name, [mark.owner.source, parameters["limit"], paused, readPruneTag(live.allTags)]] as const]
    })
    return sorted(all)
  }

  wanted(): object {
    const all = this.sources.flatMap(({ name: owner, remote }) =>
      Object.entries(this.git.head(remote.url).names).map(
        ([each, limit]) => [each, [owner, limit, false, null]] as const,
      ),
    )
    return sorted(all)
  }
}

function sorted(all: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(all.toSorted(([a], [b]) => a.localeCompare(b)))
}
