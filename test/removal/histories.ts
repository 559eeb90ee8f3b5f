import fc from "fast-check"
import type { Test } from "tap"
import { project, type LiveJson, type TestDaemon, type World } from "../support/daemon.ts"

const names = ["a", "b", "c", "d", "e"]
/** What may go in one turn without a person's word. */
const budget = 1
type Step =
  | { readonly do: "commit"; readonly names: readonly string[] }
  | { readonly do: "break" | "revert" | "confirm" | "restart" | "turn" }
  | { readonly do: "unpause" | "edit"; readonly name: string }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("commit" as const), names: fc.subarray(names) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("break" as const, "revert" as const, "confirm" as const, "turn" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("unpause" as const, "edit" as const), name: fc.constantFrom(...names) }),
  },
)

class History {
  readonly world: World
  readonly flow: string
  readonly repository
  readonly source
  daemon: TestDaemon | null = null
  commits: (readonly string[])[] = [names]
  broken = false

  constructor(world: World, flow: string) {
    this.world = world
    this.flow = flow
    this.repository = this.world.repository(flow)
    this.source = { name: "main", url: this.repository.url, prune: { grace: "1h", max: budget, maxPercent: 0 } }
    this.push()
  }

  get head(): readonly string[] {
    return this.commits.at(-1) ?? []
  }

  push(): void {
    const declared = Object.fromEntries(this.head.map((name) => [name, { parameters: { limit: 1 } }]))
    const files = project(this.flow, declared)
    this.repository.commit(this.broken ? { ...files, "prefect.yaml": "deployments: [" } : files)
  }

  async start(): Promise<TestDaemon> {
    await this.daemon?.[Symbol.asyncDispose]()
    this.daemon = await this.world.daemon({ installation: this.flow, sources: [this.source] })
    return this.daemon
  }

  live(): Promise<Readonly<Record<string, LiveJson>>> {
    return this.world.deployments(this.flow)
  }

  async take(one: Step): Promise<void> {
    const daemon = this.daemon ?? (await this.start())
    if (one.do === "commit") this.commits.push(one.names)
    if (one.do === "revert" && this.commits.length > 1) this.commits.pop()
    if (one.do === "commit" || one.do === "revert" || one.do === "break") {
      this.broken = one.do === "break"
      this.push()
    } else if (one.do === "restart") await this.start()
    else if (one.do === "unpause" || one.do === "edit") await this.#disturb(one.do, one.name)
    else await this.judged(daemon, one.do === "confirm")
  }

  async #disturb(how: "unpause" | "edit", name: string): Promise<void> {
    const id = (await this.live())[name]?.id
    if (id === undefined) return
    if (how === "unpause") await this.world.call("POST", `/deployments/${id}/resume_deployment`)
    else await this.world.call("PATCH", `/deployments/${id}`, { parameters: { limit: 99 } })
  }

  /** A turn, confirming what is held if there is a hold, and whether anybody lost what they meant to keep. */
  async judged(daemon: TestDaemon, confirms: boolean): Promise<void> {
    const { hold } = confirms ? await daemon.sync("main") : { hold: undefined }
    const before = await this.live()
    if (hold) await daemon.operate("main", "confirm", { digest: hold.digest })
    else await daemon.sync("main")
    const after = await this.live()
    const retired = Object.keys(before).filter((name) => before[name]?.paused === false && after[name]?.paused === true)
    const gone = Object.keys(before).filter((name) => after[name]?.id !== before[name]?.id)
    const wrong = [
      ...gone.map((name) => `${name} was deleted within its grace`),
      ...retired
        .filter((name) => this.broken || this.head.includes(name))
        .map((name) => `${name} is in Git and was retired`),
      ...(!hold && (retired.length > budget || (retired.length > 0 && this.head.length === 0))
        ? [`${retired.join()} went without a confirmation`]
        : []),
    ]
    if (wrong.length > 0) throw new Error(wrong.join("\n"))
  }

  /** Everything works again, and whatever is held is confirmed: then Prefect is as Git. */
  async settle(): Promise<void> {
    this.broken = false
    this.push()
    const daemon = this.daemon ?? (await this.start())
    for (let round = 0; round < 3; round++) await this.judged(daemon, true)
    const live = await this.live()
    const running = Object.keys(live).filter((name) => live[name]?.paused === false)
    if (running.join() !== this.head.toSorted().join())
      throw new Error(`${running.join()} run, Git has ${this.head.join()}`)
    if (this.head.some((name) => live[name]?.parameters["limit"] === 99)) throw new Error("an edit was left")
    await daemon[Symbol.asyncDispose]()
  }
}

/** Histories of a source on a real server, each judged by what Prefect has before and after every turn. */
export async function everyHistoryEndsAsGit(t: Test, world: World, histories: number): Promise<void> {
  const flow = await world.call<{ id: string }>("POST", "/flows/", { name: "foreign" })
  const theirs = { name: "theirs", flow_id: flow.id, tags: ["managed-by=gitops"] }
  await world.call("POST", "/deployments/", theirs)
  const foreign = await world.deployments("foreign")
  let started = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      const history = new History(world, `history-${started++}`)
      await history.start()
      await history.daemon?.sync("main")
      for (const one of steps) await history.take(one)
      await history.settle()
    }),
    { numRuns: histories, endOnFailure: true },
  )
  t.strictSame(await world.deployments("foreign"), foreign)
}
