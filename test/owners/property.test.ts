import fc from "fast-check"
import t from "tap"
import { isRetired, readMark } from "../../src/core/mark.ts"
import type { SourceName, WorkspaceName } from "../../src/core/model.ts"
import type { Source } from "../../src/core/source.ts"
import { Events } from "../../src/observe/events.ts"
import { memoryOf, openState } from "../../src/reconcile/memory.ts"
import { confirmHold } from "../../src/reconcile/operate.ts"
import { releaseEverywhere } from "../../src/reconcile/release.ts"
import { Snapshots } from "../../src/reconcile/snapshots.ts"
import { runTurn } from "../../src/reconcile/turn.ts"
import { sourceOf } from "../core/builders.ts"
import { ModelGit, ModelPrefect, SteppedClock, type ModelWrite } from "../removal/model.ts"
import { Scene } from "../removal/scene.ts"

/** Several daemons on one workspace: two of one installation, one of another; each has sources that nobody else has. */
const daemons = [
  { installation: "prod", sources: ["one", "two"] },
  { installation: "prod", sources: ["three"] },
  { installation: "staging", sources: ["one"] },
] as const
const urls = ["x", "y"] as const
const names = ["a", "b", "c"] as const
const hourMs = 3_600_000

type Step =
  | { readonly do: "commit"; readonly url: "x" | "y"; readonly names: readonly string[] }
  | { readonly do: "turn" | "confirm"; readonly daemon: number; readonly source: number }
  | { readonly do: "restart" | "release"; readonly daemon: number }
  | { readonly do: "wait" }

const daemon = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("commit" as const),
      url: fc.constantFrom(...urls),
      names: fc.subarray([...names]),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("turn" as const, "turn" as const, "confirm" as const),
      daemon,
      source: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "release" as const), daemon }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
)

/** Of one daemon, so each knows what the other declares. */
function areSiblings(...owners: readonly string[]): boolean {
  return owners.every((owner) => owner === "prod/one" || owner === "prod/two")
}

class Crowd {
  readonly clock = new SteppedClock()
  readonly prefect = new ModelPrefect(this.clock)
  readonly git = new ModelGit()
  readonly wrongs: string[] = []
  readonly released = new Set<string>()
  #running: { readonly owner: string; readonly source: Source } | null = null
  #starts = 0
  #open = daemons.map((_one, n) => this.#start(n))

  constructor() {
    for (const url of urls) this.git.commit(url, { names: {}, complete: true })
    this.prefect.onWrite = (write) => {
      const wrong = this.#judge(write)
      if (wrong !== null) this.wrongs.push(wrong)
    }
  }

  #start(n: number) {
    const { installation, sources } = daemons[n] ?? daemons[0]
    const { context } = new Scene()
    const { port: git, render, images } = this.git
    const events = new Events(() => undefined)
    const instance = `start-${++this.#starts}`
    const all = { ...context, installation, instance, git, render, images, clock: this.clock, events }
    const snapshots = new Snapshots(this.prefect, this.clock, 300_000)
    const workspace = openState({
      name: "default" as WorkspaceName,
      port: this.prefect,
      snapshots,
      driftIntervalMs: 30_000,
    })
    const own = sources.map((name, i) =>
      sourceOf(
        { prune: { graceMs: hourMs }, adopt: "unowned" },
        { name: name as SourceName, remote: { url: urls[(n + i) % 2] ?? "x", credentials: null, caFile: null } },
      ),
    )
    for (const one of own) memoryOf(workspace, one)
    return { context: all, workspace, own }
  }

  /** Never somebody else's: a write to what another owner has is a hand-over by the rules, or it is wrong. */
  #judge(write: ModelWrite): string | null {
    if (write.kind === "variable" || write.kind === "create") return null
    const { live } = write
    const mark = readMark(live.allTags, live.key)
    const owner = mark.kind === "owned" ? `${mark.owner.installation}/${mark.owner.source}` : null
    const turn = this.#running
    if (!turn) return `${live.key} is written outside a turn`
    if (owner === turn.owner) return null
    if (write.kind === "remove") return `${live.key} of ${owner} is removed by ${turn.owner}`
    const isFree = owner === null || isRetired(live) || this.released.has(owner) || areSiblings(owner, turn.owner)
    return isFree ? null : `${live.key} of ${owner} is taken by ${turn.owner}`
  }

  async turn(n: number, i: number, confirms: boolean): Promise<void> {
    const { context, workspace, own } = this.#open[n] ?? this.#start(n)
    const source = own[i % own.length] as Source
    // Time passes between two turns: what was read before isn't from this very moment.
    this.clock.step(1_000)
    const { hold } = memoryOf(workspace, source)
    if (confirms && hold) confirmHold({ source, workspace }, hold.digest)
    this.#running = { owner: `${context.installation}/${source.name}`, source }
    const { signal } = new AbortController()
    const taken = { source: source.name, trigger: "sync", requestedAt: this.clock.elapsed() } as const
    const outcome = await runTurn(context, source, workspace, {
      taken,
      signals: { drain: signal, abort: signal, look: signal },
    })
    this.#running = null
    if (outcome.failure) throw new Error(outcome.failure.message)
  }

  async take(one: Step): Promise<void> {
    if (one.do === "commit")
      this.git.commit(one.url, { names: Object.fromEntries(one.names.map((name) => [name, 1])), complete: true })
    else if (one.do === "turn" || one.do === "confirm") await this.turn(one.daemon, one.source, one.do === "confirm")
    else if (one.do === "restart") this.#open[one.daemon] = this.#start(one.daemon)
    else if (one.do === "wait") this.clock.step(2 * hourMs)
    else await this.#release(one.daemon)
  }

  /** A person releases the only source of the second daemon, from the first. */
  async #release(n: number): Promise<void> {
    const [first] = this.#open
    if (n !== 1 || !first) return
    const { context, workspace } = first
    this.released.add("prod/three")
    const wish = { source: "three" as SourceName, by: "ada" }
    await releaseEverywhere(context, [workspace], wish, new AbortController().signal)
  }

  /** Nobody commits any more: after a while nobody writes either. */
  async quieten(): Promise<number> {
    const round = async () => {
      for (const [n, { sources }] of daemons.entries()) for (const i of sources.keys()) await this.turn(n, i, true)
    }
    for (let rounds = 0; rounds < 6; rounds++) {
      await round()
      this.clock.step(2 * hourMs)
    }
    const { writes } = this.prefect
    await round()
    await round()
    return this.prefect.writes - writes
  }
}

await t.test("several daemons on one workspace: nothing is taken but by the rules, and they never fight", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const crowd = new Crowd()
      for (const one of steps) await crowd.take(one)
      const writes = await crowd.quieten()
      if (crowd.wrongs.length > 0) throw new Error(crowd.wrongs.join("\n"))
      if (writes > 0) throw new Error(`they write ${writes} times with nothing to do`)
      const keys = [...crowd.prefect.deployments.values()].map(({ key }) => key)
      if (new Set(keys).size !== keys.length) throw new Error("one is there twice")
    }),
    { numRuns: 100 },
  )
  t.pass("100 histories")
})
