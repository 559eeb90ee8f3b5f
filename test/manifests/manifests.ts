import { Dice } from "../support/dice.ts"

/**
 * Manifests from a grammar of every key that `prefect deploy` reads, right ones and wrong ones. Manifest `n` of a seed
 * is always the same one; each holds one entry, so that no mistake hides another.
 */
export interface Case {
  readonly manifest: string
  /** `name` is the flow's. */
  readonly flowFile: (name: string) => string
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

/** A scalar that is written as it stands; other texts are quoted. */
class Raw {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
type Written = Raw | string | number | boolean | null | readonly Written[] | { readonly [key: string]: Written }
const raw = (text: string): Raw => new Raw(text)
const nothing: unique symbol = Symbol("left out")
type Nothing = typeof nothing

const functions = [
  "def f(n: int = 1, s: str = 'x', m: dict = None):\n    pass\n",
  'def f(n: int = 1):\n    """What it does.\n\n    Args:\n        n: how many\n    """\n',
  "def f(*, items: list = [], when=None):\n    pass\n",
]

export function manifestCase(seed: number, n: number): Case {
  const writer = new Writer(new Dice(seed * 1_000_003 + n), n)
  const body = writer.dice.pick(functions)
  return {
    manifest: writer.manifest(),
    flowFile: (name) => `from prefect import flow\n\n\n@flow(name="${name}")\n${body}`,
  }
}

class Writer {
  readonly dice: Dice
  readonly #n: number

  constructor(dice: Dice, n: number) {
    this.dice = dice
    this.#n = n
  }

  manifest(): string {
    const { dice } = this
    const top: Record<string, Written | Nothing> = {
      name: dice.oneIn(6) ? dice.pick(["project", raw("p"), null, ...this.#seldom(raw("3"))]) : nothing,
      "prefect-version": dice.oneIn(4) ? dice.pick([raw("3.8.8"), "3.0", null, ...this.#seldom(raw("3.0"))]) : nothing,
      definitions: dice.oneIn(6) ? { tags: raw("&tags [x, y]"), work: raw("&work { name: pool }") } : nothing,
      build: dice.oneIn(5) ? this.#steps("build") : nothing,
      push: dice.oneIn(8) ? this.#steps("push") : nothing,
      pull: dice.oneIn(3) ? this.#steps("pull") : nothing,
      other: dice.oneIn(9) ? { a: 1 } : nothing,
    }
    const anchored = top["definitions"] !== nothing
    return `${textOf(present({ ...top, deployments: [this.#entry(anchored)] }), 0)}\n`
  }

  #entry(anchored: boolean): Written {
    const { dice } = this
    const maybe = (times: number, make: () => Written): Written | Nothing => (dice.oneIn(times) ? make() : nothing)
    return present({
      name: this.#name(),
      version: maybe(6, () =>
        dice.pick([
          "1.0",
          "v2",
          "{{ $STAGE }}-1",
          "{{ prefect.variables.count }}",
          "",
          null,
          "{{ commit.stdout }}",
          ...this.#seldom(raw("1.0"), raw("2"), raw("2024-01-01")),
        ]),
      ),
      tags: maybe(3, () => (anchored && dice.oneIn(2) ? raw("*tags") : this.#tags())),
      description: maybe(4, () => this.#description()),
      paused: maybe(5, () => this.#flag()),
      enforce_parameter_schema: maybe(5, () => this.#flag()),
      concurrency_limit: maybe(4, () => this.#limit()),
      flow_name: maybe(12, () => dice.pick(["other", "", null, ...this.#seldom(raw("1"))])),
      entrypoint: this.#entrypoint(),
      parameters: maybe(3, () => this.#parameters()),
      work_pool: anchored && dice.oneIn(3) ? raw("*work") : this.#pool(),
      schedules: maybe(3, () => this.#schedules()),
      schedule: maybe(10, () => dice.pick<Written>([{}, null, this.#schedule(), ...this.#seldom([this.#schedule()])])),
      triggers: maybe(5, () => this.#triggers()),
      build: maybe(10, () => this.#steps("build")),
      push: maybe(14, () => this.#steps("push")),
      pull: maybe(4, () => this.#steps("pull")),
      job_variables: maybe(20, () => ({ a: 1 })),
      is_schedule_active: maybe(20, () => true),
      "{{ $STAGE }}": maybe(20, () => "{{ $STAGE }}"),
    })
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
    return this.dice.oneIn(10) ? this.dice.pick<Written>(odd) : this.dice.pick<Written>(plain)
  }

  #tags(): Written {
    const { dice } = this
    if (dice.oneIn(8))
      return dice.pick<Written>([
        "{{ prefect.variables.list }}",
        null,
        [],
        "abc",
        "{{ prefect.variables.word }}",
        "{{ $STAGE }}",
        raw("5"),
        { a: 1 },
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
      "at {{ commit.stdout }}",
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
    return dice.some<Written>(0, 4, () => (dice.oneIn(14) ? dice.pick<Written>(odd) : dice.pick<Written>(plain)))
  }

  #description(): Written {
    const plain = [
      "what it does",
      "",
      null,
      raw("|\n      two\n      lines"),
      raw(">-\n      folded\n      text"),
      "at {{ commit.stdout }} on {{ $STAGE }}",
      "{{ STAGE }}",
      "{{ x | y }}",
      "{{ é }} and {{ 1+1 }}",
      "{{commit.stdout}}",
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
    ]
    return this.dice.oneIn(8) ? this.dice.pick<Written>(odd) : this.dice.pick<Written>(plain)
  }

  #flag(): Written {
    const plain = [raw("true"), raw("no"), "true", "yes", "OFF", "1", "t", "N", raw("1"), raw("0"), raw("1.0"), null]
    return this.dice.oneIn(8)
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
    if (!dice.oneIn(14)) return dice.pick(["flow.py:f", "./flow.py:f", "flow.py:f"])
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
    ])
  }

  #parameters(): Written {
    const { dice } = this
    if (dice.oneIn(12))
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
    if (dice.oneIn(9))
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
      "on {{ commit.stdout }}",
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
    return this.dice.oneIn(6) ? this.dice.pick(odd) : this.dice.pick(plain)
  }

  #pool(): Written {
    const { dice } = this
    if (dice.oneIn(16))
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
    if (dice.oneIn(12)) return dice.pick<Written>([null, {}, [], "{{ prefect.variables.map }}"])
    return present({
      env: dice.oneIn(2)
        ? {
            A: dice.pick<Written>([
              "1",
              "{{ $STAGE }}",
              "{{ prefect.variables.word }}",
              "{{ ctx.flow.name }}",
              "{{ flow_run.name }}",
            ]),
          }
        : nothing,
      stream_output: dice.oneIn(4) ? dice.pick<Written>([true, raw("no")]) : nothing,
      working_dir: dice.oneIn(4) ? dice.pick<Written>(["/srv", "/srv/{{ commit.stdout }}", null]) : nothing,
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
    const script = this.dice.pick(["git rev-parse HEAD", "git rev-parse --short HEAD", "git branch --show-current"])
    return { "prefect.deployments.steps.run_shell_script": { id: "commit", script } }
  }

  #pullStep(): Written {
    const { dice } = this
    const directory = dice.pick<Written>([
      "/srv",
      "{{ $STAGE }}",
      "{{ $NOPE }}",
      "{{ STAGE }}",
      "/a/{{ commit.stdout }}",
      "{{ commit.stdout }}",
      "{{ clone.directory }}",
      "{{ prefect.variables.word }}",
      "{{ prefect.blocks.secret.x }}",
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
    return dice.oneIn(12) ? { "other.step": null } : step
  }

  #schedules(): Written {
    const { dice } = this
    if (dice.oneIn(10))
      return dice.pick<Written>([null, [], [{}], "{{ prefect.variables.list }}", { cron: "0 0 * * *" }])
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
      catchup: maybe(40, false),
    }
  }

  #cron(): Written {
    return this.dice.oneIn(6)
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
    return this.dice.oneIn(6)
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
    return this.dice.oneIn(5)
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
    return this.dice.oneIn(5)
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
    if (dice.oneIn(10)) return dice.pick<Written>([null, [], {}, "text", ["text"], [{}]])
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
    return this.dice.oneIn(3) ? this.#seldom(...wrong) : []
  }

  /** Mistakes, often none of them. */
  #seldom(...wrong: readonly Written[]): readonly Written[] {
    return this.dice.oneIn(6) ? wrong : []
  }
}

function present(members: Readonly<Record<string, Written | Nothing>>): { readonly [key: string]: Written } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== nothing)) as {
    [key: string]: Written
  }
}

/** Block style for what is not empty, so that anchors, block scalars and comments can stand in it. */
function textOf(value: Written, indent: number): string {
  if (value instanceof Raw) return value.text
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const pad = `\n${" ".repeat(indent)}`
  if (Array.isArray(value))
    return value.length === 0
      ? "[]"
      : value.map((item: Written) => `${pad}- ${textOf(item, indent + 2).trimStart()}`).join("")
  const members = Object.entries(value)
  if (members.length === 0) return "{}"
  return members
    .map(
      ([key, member]) => `${pad}${/^[a-z_-]+$/.test(key) ? key : JSON.stringify(key)}: ${textOf(member, indent + 2)}`,
    )
    .join("")
}
