import { Dice } from "../support/dice.ts"
import { again, anchored, documentOf, nothing, present, raw, type Nothing, type Written } from "./written.ts"

/**
 * Manifests from a grammar of every key that `prefect deploy` reads, right ones and wrong ones. Manifest `n` of a seed
 * is always the same one; each holds one entry, so that no mistake hides another.
 */
export interface Case {
  readonly manifest: string
  /** The flow's files beside it; `name` is the flow's. */
  readonly files: (name: string) => Readonly<Record<string, string>>
}

/** What placeholders can name, on both sides. */
export const env = { STAGE: "prod", POOL: "pool", FLAG: "true", COUNT: "3", EMPTY: "", DOUBLE: "{{ $STAGE }}" }
export const variables: Readonly<Record<string, unknown>> = {
  word: "blue",
  count: 7,
  ratio: 0.25,
  flag: true,
  list: ["one", "two"],
  map: { a: 1, b: [true, null] },
  spell: "{{ $STAGE }}",
  nothing: "",
}

/** What the steps print that only running them tells, as the source's config gives it. */
export const stepOutputs = { tag: { stdout: "v1.2", stderr: "" } } as const

/** A block of the judge's server; Lockstep leaves its placeholder to the worker. */
export const secret = { name: "x", placeholder: "{{ prefect.blocks.secret.x }}", value: "s3cret" } as const

const functions = [
  "def f(n: int = 1, s: str = 'x', m: dict = None):\n    pass\n",
  'def f(n: int = 1):\n    """What it does.\n\n    Args:\n        n: how many\n    """\n',
  "def f(*, items: list = [], when=None):\n    pass\n",
  'async def f(n: int, s: str = "x"):\n    """\n    First line,\n      second one. \n    """\n',
]
/** More of `@flow(…)`. */
const settings = ["", "", "", ', description="by the flow"', ', description=""', ', version="9"', ", retries=2"]

/** `name`: the entry's, instead of one that the grammar makes. */
export function manifestCase(seed: number, n: number, name: string | null = null): Case {
  const writer = new Writer(new Dice(seed * 1_000_003 + n), n, name)
  const body = writer.dice.pick(functions)
  const more = writer.dice.pick(settings)
  const manifest = documentOf(writer.manifest(), writer.dice)
  const flowFile = (name: string): string => `from prefect import flow\n\n\n@flow(name="${name}"${more})\n${body}`
  return {
    manifest,
    files: (name) => ({ "flow.py": flowFile(name), "jobs/etl.py": flowFile(name), "jobs/__init__.py": "" }),
  }
}

class Writer {
  readonly dice: Dice
  readonly #n: number
  readonly #fixed: string | null
  /** Half of the manifests have few mistakes, so that the rest of them counts. */
  readonly #careful: boolean
  /** Placeholders of what the steps give out. */
  readonly #outputs: string[] = []

  constructor(dice: Dice, n: number, name: string | null) {
    this.dice = dice
    this.#n = n
    this.#fixed = name
    this.#careful = dice.oneIn(2)
  }

  /** One of the odd ones in `times`, fewer when careful. */
  #odd(times: number): boolean {
    return this.dice.oneIn(this.#careful ? times * 10 : times)
  }

  manifest(): Written {
    const { dice } = this
    const build = dice.oneIn(3) ? this.#steps("build") : nothing
    const push = dice.oneIn(8) ? this.#steps("push") : nothing
    const shared = dice.oneIn(5)
    const top: Record<string, Written | Nothing> = {
      name: dice.oneIn(6) ? dice.pick(["project", raw("p"), null, ...this.#seldom(raw("3"))]) : nothing,
      "prefect-version": dice.oneIn(4) ? dice.pick([raw("3.8.8"), "3.0", null, ...this.#seldom(raw("3.0"))]) : nothing,
      definitions: shared ? this.#definitions() : nothing,
      build,
      push,
      pull: dice.oneIn(3) ? this.#steps("pull") : nothing,
      other: dice.oneIn(9) ? { a: 1 } : nothing,
      required_inputs: dice.oneIn(20) ? { a: "what it is for" } : nothing,
      deployments: [this.#entry(shared)],
      [again("name")]: dice.oneIn(30) ? "second" : nothing,
    }
    return present(top)
  }

  /** Values with a name, for an entry to use or to take over. */
  #definitions(): Written {
    const { dice } = this
    const base = present({
      tags: dice.oneIn(2) ? this.#tags() : nothing,
      parameters: dice.oneIn(2) ? this.#parameters() : nothing,
      description: dice.oneIn(3) ? this.#description() : nothing,
      concurrency_limit: dice.oneIn(3) ? this.#limit() : nothing,
      paused: dice.oneIn(4) ? this.#flag() : nothing,
      schedules: dice.oneIn(4) ? this.#schedules() : nothing,
      work_pool: dice.oneIn(4) ? this.#pool() : nothing,
      pull: dice.oneIn(6) ? this.#steps("pull") : nothing,
    })
    return {
      tags: anchored("tags", ["x", "y"]),
      work: anchored("work", { name: "pool", job_variables: { env: { A: "1" } } }),
      nightly: anchored("nightly", { cron: "0 3 * * *", timezone: "Europe/Berlin" }),
      step: anchored("step", { "prefect.deployments.steps.set_working_directory": { directory: "/srv" } }),
      values: anchored("values", { n: 1, s: "{{ $STAGE }}" }),
      base: anchored("base", base),
      more: anchored("more", { version: "merged", tags: ["of-more"] }),
    }
  }

  #entry(shared: boolean): Written {
    const { dice } = this
    const maybe = (times: number, make: () => Written): Written | Nothing => (dice.oneIn(times) ? make() : nothing)
    const either = (alias: Written, make: () => Written): Written => (shared && dice.oneIn(3) ? alias : make())
    const build = maybe(8, () => this.#steps("build"))
    const push = maybe(14, () => this.#steps("push"))
    const members: Record<string, Written | Nothing> = {
      name: this.#name(),
      version: maybe(6, () => this.#version()),
      version_type: maybe(20, () => dice.pick(["prefect:simple", "vcs:git", ...this.#seldom("vcs:none", raw("1"))])),
      tags: maybe(3, () => either(raw("*tags"), () => this.#tags())),
      description: maybe(4, () => this.#description()),
      paused: maybe(5, () => this.#flag()),
      enforce_parameter_schema: maybe(5, () => this.#flag()),
      concurrency_limit: maybe(4, () => this.#limit()),
      flow_name: maybe(12, () => dice.pick(["other", "", null, ...this.#seldom(raw("1"))])),
      entrypoint: this.#entrypoint(),
      parameters: maybe(3, () =>
        either(dice.pick([raw("*values"), { "<<": raw("*values"), n: 5 }]), () => this.#parameters()),
      ),
      work_pool: either(dice.pick([raw("*work"), { "<<": raw("*work"), work_queue_name: "q1" }]), () => this.#pool()),
      schedules: maybe(3, () =>
        either([raw("*nightly"), { "<<": raw("*nightly"), slug: "s" }], () => this.#schedules()),
      ),
      schedule: maybe(10, () => dice.pick<Written>([{}, null, this.#schedule(), ...this.#seldom([this.#schedule()])])),
      triggers: maybe(5, () => this.#triggers()),
      sla: maybe(60, () => []),
      build,
      push,
      pull: maybe(4, () => either([raw("*step"), raw("*step")], () => this.#steps("pull"))),
      "{{ $STAGE }}": maybe(20, () => "{{ $STAGE }}"),
      ...this.#ofPrefect2(),
      ...(shared && dice.oneIn(2) && { "<<": dice.pick([raw("*base"), raw("[*base, *more]"), raw("[*more, *base]")]) }),
      ...(dice.oneIn(15) && { [again(dice.pick(["tags", "name"]))]: dice.pick<Written>(["second", ["t"]]) }),
      ...(dice.oneIn(15) && { [again("description")]: "second" }),
    }
    const written = Object.entries(present(members))
    const ordered = Object.fromEntries(dice.oneIn(3) ? this.#shuffled(written) : written)
    return this.#fixed === null ? ordered : { ...ordered, name: this.#fixed, [again("name")]: this.#fixed }
  }

  /** Keys that Prefect 3 ignores. */
  #ofPrefect2(): Readonly<Record<string, Written | Nothing>> {
    const { dice } = this
    const seldom = (value: Written): Written | Nothing => (dice.oneIn(30) ? value : nothing)
    return {
      job_variables: seldom({ a: 1 }),
      is_schedule_active: seldom(false),
      infra_overrides: seldom({ env: { A: "{{ $NOPE }}" } }),
      infrastructure: seldom({ type: "process" }),
      storage: seldom("{{ prefect.variables.word }}"),
      path: seldom("/opt"),
      work_queue_name: seldom("q9"),
      timezone: seldom("Mars/Base"),
      manifest_path: seldom(null),
    }
  }

  #shuffled<T>(items: readonly T[]): readonly T[] {
    return items
      .map((item) => [this.dice.below(1_000), item] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, item]) => item)
  }

  #version(): Written {
    return this.dice.pick([
      "1.0",
      "v2",
      "{{ $STAGE }}-1",
      "{{ prefect.variables.count }}",
      "",
      null,
      ...this.#outputs,
      ...this.#seldom(raw("1.0"), raw("2"), raw("2024-01-01"), "{{ commit.stdout }}"),
    ])
  }

  #name(): Written {
    const plain = [
      `d${this.#n}`,
      "prod",
      "a b",
      "é-1",
      "123",
      "x.py",
      "y.py.py",
      "{{ $STAGE }}",
      "to-{{ prefect.variables.word }}",
      "{{ prefect.variables.word }}",
      "v{{ prefect.variables.count }}",
      "a:b",
      "[x]",
    ]
    const odd = [
      raw("12"),
      null,
      "",
      " ",
      "a/b",
      "a%b",
      ".py",
      raw("2024-01-01"),
      raw("yes"),
      "{{ commit.stdout }}",
      "{{ nope }}",
      "{{ $NOPE }}",
      "{{ prefect.variables.nope }}",
      "a/b.py",
      "{{ $EMPTY }}",
    ]
    return this.#odd(10) ? this.dice.pick<Written>(odd) : this.dice.pick<Written>(plain)
  }

  #tags(): Written {
    const { dice } = this
    if (dice.oneIn(12))
      return dice.pick<Written>([
        "{{ prefect.variables.list }}",
        [],
        "abc",
        "{{ prefect.variables.word }}",
        "{{ $STAGE }}",
        ...this.#seldom(null, raw("5"), { a: 1 }),
      ])
    const plain = [
      "a",
      "b",
      "b",
      "a b",
      " c ",
      "",
      raw("1"),
      raw("1.0"),
      raw("1e3"),
      raw("1.5e+20"),
      raw("true"),
      raw("2024-01-01"),
      raw("2024-01-01T00:00:00Z"),
      "x-{{ $STAGE }}",
      "{{ $STAGE }}",
      "{{ prefect.variables.word }}",
      ...this.#outputs,
      "n{{ prefect.variables.ratio }}",
      "é",
    ]
    const odd = [
      null,
      "{{ commit.stdout }}",
      ["a", "it's", raw("1.0"), raw("2024-01-01"), null, "{{ $STAGE }}"],
      { a: 1, b: [raw("yes"), raw("1e3"), raw(".inf"), '"\u200b\n\\'], "{{ $STAGE }}": {} },
      "{{ nope }}",
      "{{ STAGE }}",
      raw(".inf"),
      "{{ prefect.variables.count }}",
      "{{ prefect.variables.spell }}",
    ]
    return dice.some<Written>(0, 4, () => (this.#odd(14) ? dice.pick<Written>(odd) : dice.pick<Written>(plain)))
  }

  #description(): Written {
    const plain = [
      "what it does",
      "",
      null,
      raw("|\n      two\n      lines"),
      raw(">-\n      folded\n      text"),
      ...this.#outputs.map((output) => `at ${output} on {{ $STAGE }}`),
      ...this.#outputs,
      "{{ STAGE }}",
      "{{ x | y }}",
      "{{ event.name | upper }} and {{ 1+1 }}",
      raw("|+\n      two\n      lines\n\n"),
      raw("|\n      with an end\n"),
      raw(">+\n      folded\n\n      text\n"),
      raw('"a \\\n      b\\u0041\\t"'),
      raw("plain\n      text"),
      raw("!!str 5"),
      "{{ prefect.variables.flag }}!",
      "None",
    ]
    const odd = [
      raw("5"),
      raw("2024-01-01"),
      "{{ nope }}",
      "a {{ nope }} b",
      "{{ $NOPE }}",
      "{{ prefect.variables.count }}",
      "{{ prefect.variables.map }}",
      "m {{ prefect.variables.map }}",
      "{{ $DOUBLE }}",
      ["x"],
      "{{commit.stdout}}",
      "{{ é }} and {{ 1+1 }}",
      secret.placeholder,
    ]
    return this.#odd(8) ? this.dice.pick<Written>(odd) : this.dice.pick<Written>(plain)
  }

  #flag(): Written {
    const plain = [raw("true"), raw("no"), "true", "yes", "OFF", "1", "t", "N", raw("1"), raw("0"), raw("1.0"), null]
    return this.#odd(8)
      ? this.dice.pick<Written>([
          "maybe",
          "",
          "{{ $FLAG }}",
          "{{ prefect.variables.flag }}",
          raw("2"),
          ["x"],
          raw("0.5"),
        ])
      : this.dice.pick<Written>(plain)
  }

  #limit(): Written {
    const { dice } = this
    const map = (): Written =>
      present({
        limit: dice.oneIn(5)
          ? nothing
          : dice.pick<Written>([1, 3, null, "2", ...this.#seldom(0, raw("1.5"), "{{ $COUNT }}")]),
        collision_strategy: dice.oneIn(12)
          ? nothing
          : dice.pick<Written>(["ENQUEUE", "CANCEL_NEW", ...this.#seldom("enqueue", null, "{{ $STAGE }}")]),
        grace_period_seconds: dice.oneIn(3)
          ? dice.pick<Written>([60, 86400, "90", null, ...this.#seldom(30, 100000, raw("61.5"))])
          : nothing,
        other: dice.oneIn(8) ? 1 : nothing,
      })
    if (dice.oneIn(2)) return map()
    return dice.pick<Written>([
      1,
      3,
      null,
      "2",
      raw("2.0"),
      ...this.#seldom(0, -1, raw("2.5"), raw("true"), "{{ $COUNT }}", "x", [1]),
    ])
  }

  #entrypoint(): Written {
    const { dice } = this
    if (!this.#odd(14))
      return dice.pick([
        "flow.py:f",
        "flow.py:f",
        "flow.py:f",
        "./flow.py:f",
        "jobs/etl.py:f",
        "jobs/../flow.py:f",
        "flow:f",
        "flow.f",
        "jobs.etl:f",
        "jobs.etl.f",
      ])
    return dice.pick<Written>([
      "flow.py:nope",
      "nope.py:f",
      "",
      null,
      "flow.py",
      raw("5"),
      "{{ $STAGE }}.py:f",
      "flow.py:f ",
      "{{ nope }}",
      "flow.nope",
      "nope.f",
      "jobs:f",
      "../flow.py:f",
      "jobs\\etl.py:f",
      "flow.py:f.g",
      "/flow.py:f",
    ])
  }

  #parameters(): Written {
    const { dice } = this
    if (this.#odd(12))
      return dice.pick<Written>([null, [], "{{ prefect.variables.map }}", {}, raw("{ 1: a }"), raw("{ n: 1, n: 2 }")])
    return Object.fromEntries(
      dice.some(1, 3, () => [dice.pick(["n", "s", "m", "items", "when", "extra"]), this.#value(2)] as const),
    )
  }

  /** Anything, deep. */
  #value(depth: number): Written {
    const { dice } = this
    if (depth > 0 && dice.oneIn(4)) return dice.some(0, 3, () => this.#value(depth - 1))
    if (depth > 0 && dice.oneIn(4))
      return Object.fromEntries(
        dice.some(
          0,
          3,
          () => [dice.pick(["k", "l", "1", "{{ $STAGE }}", "a.b", "$ref"]), this.#value(depth - 1)] as const,
        ),
      )
    if (this.#odd(9))
      return dice.pick<Written>([
        raw("{ 1: a, true: b, null: c, 2.5: d, 2024-01-01: e }"),
        raw("{ <<: { a: 1 }, b: 2 }"),
        raw("|\n        x\n        y"),
        raw("{ __prefect_kind: json, value: '{}' }"),
      ])
    if (dice.oneIn(4)) return this.#template()
    return dice.pick<Written>([
      1,
      0,
      -5,
      raw("1_000"),
      raw("9007199254740993"),
      raw("123456789012345678901"),
      raw("1.0"),
      raw("0.1"),
      raw("1.5e-7"),
      raw(".inf"),
      raw("2024-01-01"),
      raw("2024-01-01T00:00:00Z"),
      raw("2024-01-01 00:00:00.5+02:00"),
      raw("yes"),
      raw("~"),
      null,
      true,
      "text",
      "",
      "é😀",
      " spaced ",
      raw("1:30"),
      raw("017"),
      raw("1e3"),
    ])
  }

  #template(): Written {
    const plain = [
      "{{ $STAGE }}",
      "a-{{ $STAGE }}-{{ prefect.variables.word }}",
      "{{ prefect.variables.count }}",
      "{{ prefect.variables.map }}",
      "{{ prefect.variables.flag }}",
      "x{{ prefect.variables.ratio }}",
      "{{ STAGE }}",
      "{{ x | y }}",
      "{{ }}",
      "{{{ $STAGE }}}",
      "{{$STAGE}}",
      "{{ prefect.variables.nothing }}",
      "{{ $EMPTY }}",
      "a{{ prefect.variables.list }}",
    ]
    const odd = [
      "{{ commit.stdout }}",
      "on {{ commit.stdout }}",
      "{{ commit }}",
      secret.placeholder,
      "{{ nope }}",
      "{{ $NOPE }}",
      "{{ prefect.variables.nope }}",
      "{{ ctx.flow.name }}",
      "a {{ ctx.flow_run.name }}",
      "{{ prefect.variables.spell }}",
      "{{ $DOUBLE }}",
      "{{ event.name }}",
      "{{ $$STAGE }}",
      "{{ prefect.variables.map.a }}",
      "{{ é }}",
    ]
    return this.#odd(6) ? this.dice.pick(odd) : this.dice.pick([...plain, ...this.#outputs])
  }

  #pool(): Written {
    const { dice } = this
    if (this.#odd(16))
      return dice.pick<Written>([null, "pool", {}, [], { name: null }, { name: "nope" }, { name: raw("3") }])
    return present({
      name: dice.pick(["pool", "pool", "{{ $POOL }}", raw("pool")]),
      work_queue_name: dice.oneIn(3)
        ? dice.pick<Written>(["q1", "default", null, "q-{{ $STAGE }}", ...this.#seldom("", raw("3"), "{{ nope }}")])
        : nothing,
      job_variables: dice.oneIn(2) ? this.#jobVariables() : nothing,
      type: dice.oneIn(15) ? "process" : nothing,
    })
  }

  #jobVariables(): Written {
    const { dice } = this
    if (this.#odd(12)) return dice.pick<Written>([null, {}, [], "{{ prefect.variables.map }}"])
    return present({
      env: dice.oneIn(2)
        ? {
            A: dice.pick<Written>([
              "1",
              "{{ $STAGE }}",
              "{{ prefect.variables.word }}",
              "{{ ctx.flow.name }}",
              secret.placeholder,
              `key=${secret.placeholder}`,
              ...this.#outputs,
              ...this.#seldom("{{ flow_run.name }}", "{{ event.name }}", "{{ prefect.blocks.secret }}"),
            ]),
          }
        : nothing,
      "env.B": dice.oneIn(8) ? "dotted" : nothing,
      stream_output: dice.oneIn(4) ? dice.pick<Written>([true, raw("no")]) : nothing,
      working_dir: dice.oneIn(4)
        ? dice.pick<Written>(["/srv", "/srv/{{ $STAGE }}", null, ...this.#outputs.map((output) => `/srv/${output}`)])
        : nothing,
      other: dice.oneIn(2) ? this.#value(2) : nothing,
    })
  }

  #steps(kind: "build" | "push" | "pull"): Written {
    const { dice } = this
    if (dice.oneIn(4)) return dice.pick<Written>([null, [], {}, ...this.#seldom("text", ["text"], raw("3"))])
    const steps = dice.some<Written>(1, 2, () => (kind === "pull" ? this.#pullStep() : this.#buildStep()))
    return dice.oneIn(5) ? (steps[0] as Written) : steps
  }

  #buildStep(): Written {
    const { dice } = this
    const [id, script] = dice.pick<readonly [string | Nothing, string]>([
      ["commit", "git rev-parse HEAD"],
      ["commit", " git  rev-parse   HEAD\n"],
      ["short", "git rev-parse --short HEAD"],
      ["short-er", "git rev-parse --short=5 HEAD"],
      ["branch", "git branch --show-current"],
      ["tag", "echo v1.2"],
      [nothing, "git rev-parse HEAD"],
      [nothing, "git log -1 --format=%h"],
      ["own", "echo known only by running it"],
      [nothing, "echo known only by running it"],
      ["commit", "git rev-parse {{ $NOPE }} HEAD"],
    ])
    if (typeof id === "string") this.#outputs.push(`{{ ${id}.stdout }}`, `{{ ${id}.stderr }}`)
    if (dice.oneIn(3)) this.#outputs.push("{{ stdout }}", "{{ stderr }}")
    return { "prefect.deployments.steps.run_shell_script": present({ id, script }) }
  }

  #pullStep(): Written {
    const { dice } = this
    const directory = dice.pick<Written>([
      "/srv",
      "{{ $STAGE }}",
      "{{ $NOPE }}",
      "{{ STAGE }}",
      "/a/{{ commit.stdout }}",
      ...this.#outputs,
      "{{ clone.directory }}",
      "{{ prefect.variables.word }}",
      secret.placeholder,
      "x {{ nope }} {{ $STAGE }}",
      null,
      raw("2024-01-01"),
      "{{ $DOUBLE }}",
    ])
    const step = { "prefect.deployments.steps.set_working_directory": { directory } }
    if (dice.oneIn(3))
      return {
        "prefect.deployments.steps.git_clone": present({
          id: "clone",
          repository: "https://git.example.com/x.git",
          branch: dice.pick<Written>(["main", "{{ $STAGE }}", raw("1.0")]),
          directories: dice.oneIn(3)
            ? [dice.pick(["a", "{{ $STAGE }}", "{{ nope }}", "{{ prefect.variables.word }}", "b/{{ nope }}"])]
            : nothing,
        }),
      }
    if (dice.oneIn(8)) return { ...step, "other.step": { requires: "x" } }
    if (dice.oneIn(8))
      return dice.pick<Written>([
        {
          "prefect.projects.steps.git_clone_project": { repository: "{{ $STAGE }}", access_token: secret.placeholder },
        },
        { "prefect.deployments.steps.run_shell_script": { id: "listing", script: "ls {{ clone.directory }}" } },
        {
          "prefect.deployments.steps.pip_install_requirements": { requirements_file: "r.txt", directory: "{{ $PWD }}" },
        },
        {
          "prefect_aws.deployments.steps.pull_from_s3": {
            requires: "prefect-aws>=0.3",
            bucket: "{{ prefect.variables.map }}",
          },
        },
      ])
    return dice.oneIn(12) ? { "other.step": null } : step
  }

  #schedules(): Written {
    const { dice } = this
    if (this.#odd(10))
      return dice.pick<Written>([null, [], [{}], [null], "{{ prefect.variables.list }}", { cron: "0 0 * * *" }])
    return dice.some(1, 3, () => this.#schedule())
  }

  #schedule(): Written {
    const { dice } = this
    const rest = this.#besideTiming()
    switch (dice.below(5)) {
      case 0:
      case 1:
        return present({
          cron: this.#cron(),
          day_or: dice.oneIn(5) ? dice.pick<Written>([true, false, "false", null, ...this.#seldom("x", "")]) : nothing,
          ...rest,
        })
      case 2:
      case 3:
        return present({ interval: this.#interval(), anchor_date: dice.oneIn(2) ? this.#anchor() : nothing, ...rest })
      default:
        return present({ rrule: this.#rule(), ...rest })
    }
  }

  #besideTiming(): Readonly<Record<string, Written | Nothing>> {
    const { dice } = this
    const maybe = (times: number, ...values: readonly Written[]): Written | Nothing =>
      dice.oneIn(times) ? dice.pick(values) : nothing
    const zones = ["Europe/Berlin", "UTC", "America/New_York", "{{ prefect.variables.nothing }}", null]
    const oddZones = this.#seldom("Mars/Base", "europe/berlin", "EST5EDT", "", "GMT+0", raw("1"))
    const flags = [true, false, "true", "no", null, "{{ $FLAG }}", "{{ prefect.variables.flag }}"]
    return {
      timezone: maybe(2, ...zones, ...oddZones),
      active: maybe(3, ...flags, ...this.#seldom("", "maybe", raw("1"))),
      slug: maybe(3, "nightly", "s-{{ $STAGE }}", "x y", null, ...this.#seldom("", raw("1"))),
      parameters: maybe(4, { n: 2 }, { s: "{{ $STAGE }}" }, {}, ...this.#seldom(null, "x")),
      replaces: maybe(12, "old"),
      ...this.#gone(),
    }
  }

  /** Words that other tools, or Prefect 2, have in a schedule. */
  #gone(): Readonly<Record<string, Written>> {
    return this.#odd(20)
      ? this.dice.pick<Readonly<Record<string, Written>>>([
          { catchup: false },
          { max_active_runs: 1 },
          { max_scheduled_runs: null },
          { description: "why" },
          { schedule: { cron: "0 0 * * *" } },
          { cron: "0 0 * * *" },
          { interval: null },
          { anchor_date: "2024-01-01" },
          { day_or: true },
        ])
      : {}
  }

  #cron(): Written {
    return this.#odd(6)
      ? this.dice.pick<Written>([
          "61 * * * *",
          "* * *",
          "a b c d e",
          "",
          null,
          raw("5"),
          "0 0 31 2 *",
          "R * * * *",
          "H * * * *",
          "0 0 * * 8",
          "0 0 * * MONDAY",
          "@reboot",
          "0 0 0 * *",
          "* * * * * * *",
          "{{ nope }}",
          "*/0 * * * *",
          "5-1 * * * *",
          "0 0 ? * *",
          "0 0 L * *",
        ])
      : this.dice.pick<Written>([
          "0 3 * * *",
          "*/5 * * * *",
          "0 0 * * MON-FRI",
          "@daily",
          "@hourly",
          "0 12 1,15 * *",
          "0  0 * * *",
          "30 4 * JAN sun",
          "0 0 * * 7",
          "0 0 l * *",
          "0 0 * * 5#2",
          "0 0 * * * 30",
          "5 4 * * {{ prefect.variables.nothing }}*",
          "1-10/3 * * * *",
          " 0 3 * * * ",
        ])
  }

  #interval(): Written {
    return this.#odd(6)
      ? this.dice.pick<Written>([
          0,
          -60,
          "-PT1H",
          "PT0S",
          "x",
          "",
          "1 hour",
          raw("true"),
          "{{ $COUNT }}",
          "P1Y",
          "P1M",
          { days: 1 },
          "60",
          "25:61:00",
          raw("2024-01-01"),
          raw("1:30"),
        ])
      : this.dice.pick<Written>([
          3600,
          raw("0.5"),
          raw("90.25"),
          "PT1H",
          "P1DT2H",
          "P1W",
          "01:30:00",
          "1 days, 02:00:00",
          "1 day 00:00:10",
          "00:00:01.5",
          "PT0.5S",
          "pt1h",
          "3 days",
          "2d 01:00:00",
          "01:30",
          raw("1e3"),
          raw("1.5e-6"),
          "+PT5M",
        ])
  }

  #anchor(): Written {
    return this.#odd(5)
      ? this.dice.pick<Written>([
          raw("2024-01-01"),
          raw("2024-01-01T00:00:00Z"),
          "x",
          "",
          null,
          "2024-13-01",
          "2024",
          "10:00",
          "2024-W05",
          raw("5"),
          "01/02/2024",
        ])
      : this.dice.pick<Written>([
          "2024-01-01",
          "2024-01-01T00:00:00",
          "2024-01-01T00:00:00Z",
          "2024-01-01 10:00:00",
          "2024-01-01T10:00:00+05:30",
          "2024-01-01T10:00:00.123456-05:00",
          "2024-01-01T10:00",
          "20240101T100000Z",
        ])
  }

  #rule(): Written {
    return this.#odd(5)
      ? this.dice.pick<Written>([
          "FREQ=SOMETIMES",
          "x",
          "",
          "FREQ=DAILY;FOO=1",
          "INTERVAL=2",
          "FREQ=DAILY;COUNT=x",
          "RDATE:20240101T000000Z",
          "FREQ=DAILY;BYDAY=XX",
          '{"rrule": "FREQ=DAILY", "other": 1}',
          '{"timezone": "UTC"}',
          "FREQ=DAILY;UNTIL=20300101T000000Z",
          "DTSTART;TZID=Europe/Berlin:20240101T000000\nRRULE:FREQ=DAILY",
        ])
      : this.dice.pick<Written>([
          "FREQ=DAILY",
          "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
          "freq=hourly;interval=2",
          "FREQ=MONTHLY;BYDAY=1FR",
          "FREQ=MINUTELY;INTERVAL=15",
          "DTSTART:20240101T000000\nRRULE:FREQ=DAILY;COUNT=5",
          "DTSTART:20240101T000000Z\nRRULE:FREQ=DAILY\nEXDATE:20240102T000000Z",
          '{"rrule": "FREQ=DAILY;INTERVAL=2", "timezone": "Europe/Berlin"}',
          "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=-1",
          "RRULE:FREQ=DAILY\nRDATE:20240103T000000Z",
          "FREQ=DAILY;UNTIL=20300101T000000",
          "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0;WKST=MO",
        ])
  }

  #triggers(): Written {
    const { dice } = this
    if (this.#odd(10)) return dice.pick<Written>([null, [], {}, "text", ["text"], [{}]])
    return dice.some(1, 2, () => this.#trigger())
  }

  #trigger(): Written {
    const { dice } = this
    const maybe = (times: number, ...values: readonly Written[]): Written | Nothing =>
      dice.oneIn(times) ? dice.pick(values) : nothing
    return present({
      name: maybe(3, "on-{{ $STAGE }}", "landed", "x y", ...this.#rarely(raw("1"), "{{ nope }}")),
      description: maybe(4, "why", "", "{{ prefect.variables.word }}", ...this.#rarely(null, raw("3"))),
      enabled: maybe(3, true, false, "no", "{{ $FLAG }}", raw("1"), ...this.#rarely(null, "maybe")),
      parameters: maybe(
        3,
        { n: "{{ event.name }}" },
        { s: "{{ $STAGE }}", m: { a: "{{ event.resource.id }}" } },
        {},
        null,
        { s: { template: "{{ flow_run.id }}", __prefect_kind: "jinja" } },
        ...this.#rarely("x", [], { n: "{{ prefect.variables.word }}" }),
      ),
      job_variables: maybe(
        5,
        { env: { A: "{{ $STAGE }}" } },
        {},
        null,
        ...this.#rarely("x", { env: { A: "{{ ctx.flow.name }}" } }),
      ),
      schedule_after: maybe(5, 60, "PT1H", raw("0.5"), ...this.#rarely(-1, "x", null)),
      owner: maybe(20, 1),
      ...this.#condition(2),
    })
  }

  /** What a trigger waits for. */
  #condition(depth: number): Readonly<Record<string, Written | Nothing>> {
    const { dice } = this
    const maybe = (times: number, ...values: readonly Written[]): Written | Nothing =>
      dice.oneIn(times) ? dice.pick(values) : nothing
    if (depth > 0 && dice.oneIn(4)) {
      return {
        type: maybe(2, "compound", "sequence"),
        require: maybe(2, "any", "all", 1, "1", ...this.#rarely(0, 9, "some", null)),
        within: maybe(2, 60, "PT1M", ...this.#rarely(null, -1, "x")),
        triggers: dice.some(dice.oneIn(9) ? 0 : 1, 2, () => present(this.#condition(depth - 1))),
      }
    }
    if (dice.oneIn(14)) return this.#metric()
    return {
      type: maybe(3, "event", ...this.#rarely("other", null, "metric")),
      match: maybe(
        2,
        { "prefect.resource.id": "prefect.flow-run.*" },
        { a: ["b", "{{ $STAGE }}"] },
        {},
        ...this.#rarely(null, "x", { a: 1 }),
      ),
      match_related: maybe(
        4,
        { "prefect.resource.name": "{{ prefect.variables.word }}" },
        [{ a: "b" }, { c: ["d"] }],
        ...this.#rarely(null, "x", [raw("1")]),
      ),
      after: maybe(5, ["x.y"], [], ...this.#rarely("x", null)),
      expect: maybe(
        2,
        ["b", "a", "b"],
        ["prefect.flow-run.{{ $STAGE }}"],
        ...this.#rarely("x", null, [1], ["{{ nope }}"]),
      ),
      for_each: maybe(5, ["prefect.resource.id"], ...this.#rarely("x")),
      posture: maybe(3, "Reactive", "Proactive", ...this.#rarely("reactive", null, "Metric")),
      threshold: maybe(4, 1, 3, "2", ...this.#rarely(0, raw("1.5"), null, "x")),
      within: maybe(3, 0, 5, 60, "PT1M", "00:01:00", ...this.#rarely(null, -1, "x", "")),
    }
  }

  #metric(): Readonly<Record<string, Written | Nothing>> {
    const metric = { name: "lateness", threshold: 1, operator: ">", range: 600, firing_for: "PT10M" }
    return { type: "metric", posture: this.dice.oneIn(2) ? "Metric" : nothing, metric }
  }

  /** Mistakes where there is room for many at once. */
  #rarely(...wrong: readonly Written[]): readonly Written[] {
    return !this.#careful && this.dice.oneIn(3) ? this.#seldom(...wrong) : []
  }

  /** Mistakes, often none of them. */
  #seldom(...wrong: readonly Written[]): readonly Written[] {
    return this.#odd(6) ? wrong : []
  }
}
