import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import t from "tap"
import { loadConfig, parseConfig } from "../../src/config/load.ts"
import { describeProblem, InvalidConfigError } from "../../src/config/problem.ts"

const minimal = `installation: prod
sources:
  - name: etl
    url: https://git.example.com/etl.git
`

function problemsOf(text: string, environment: Record<string, string> = {}): readonly string[] {
  try {
    parseConfig(text, "/etc/lockstep/lockstep.yaml", environment)
    return []
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error
    return error.problems.map((problem) => describeProblem("f", problem).slice(2))
  }
}

/** The minimal config with more lines in its one source. */
const withSource = (...lines: string[]) => minimal + lines.map((line) => `    ${line}\n`).join("")

await t.test("two keys and one source are a whole config, the rest are defaults", async (t) => {
  const config = parseConfig(minimal, "/etc/lockstep/lockstep.yaml", {})

  t.strictSame(config, {
    installation: "prod",
    receivers: [],
    workspaces: [
      {
        name: "default",
        apiUrl: "http://127.0.0.1:4200/api",
        auth: { kind: "none" },
        caFile: null,
        requests: { perSecond: 50, reads: 4, writes: 1 },
        driftIntervalMs: 30_000,
        listIntervalMs: 300_000,
      },
    ],
    sources: [
      {
        name: "etl",
        workspace: "default",
        remote: { url: "https://git.example.com/etl.git", credentials: null, caFile: null },
        ref: { kind: "head" },
        intervalMs: 60_000,
        selection: { manifests: ["**/prefect.yaml"], exclude: [], select: [] },
        scope: { workPools: [], flows: [] },
        apply: true,
        policy: {
          adopt: "same",
          onDrift: "enforce",
          ignore: [],
          prune: { mode: "auto", max: 5, maxPercent: 20, ceiling: 25, graceMs: 86_400_000 },
        },
        rendering: {
          env: {},
          stepOutputs: {},
          images: "hold",
          registries: [],
          pull: "auto",
          pullCommit: "tree",
          codePaths: [],
          pinClones: false,
          baseDir: "auto",
          shortHash: 7,
          overrides: {
            workPool: null,
            workQueue: null,
            nameSuffix: null,
            tags: [],
            jobVariables: {},
            paused: null,
          },
        },
        decommission: false,
        formerly: [],
        handOverFrom: [],
        receiver: null,
      },
    ],
    server: { listen: { host: "127.0.0.1", port: 8484 }, tokens: [], metricsAuth: false },
    stateDir: "/var/lib/lockstep",
  })
})

await t.test("the first lines of each wrong config tell what to write instead, with line and column", async (t) => {
  const table: [string, string, string][] = [
    ["an empty file", "", "1:1: is empty: see config/lockstep.example.yaml"],
    ["a list", "- a\n", "1:1: must be a map, not a list"],
    ["bad syntax", "installation: [a\n", "2:1: isn't valid YAML: Flow sequence in block collection"],
    ["a key twice", `${minimal}installation: b\n`, "5:1: isn't valid YAML: Map keys must be unique"],
    ["two documents", `${minimal}---\n${minimal}`, "5:1: isn't valid YAML: Source contains multiple documents"],
    ["no installation", "sources: []\n", "1:1: installation: is missing"],
    [
      "an unknown key",
      `${minimal}installaton: b\n`,
      "5:1: installaton: is no known key (did you mean `installation`?)",
    ],
    [
      "an unknown key in a source",
      withSource("intervall: 1m"),
      "5:5: sources[0].intervall: is no known key (did you mean `interval`?)",
    ],
    [
      "a key in snake case",
      "installation: a\nsources: []\nworkspaces:\n  - name: a\n    api_url: http://a/api\n",
      "5:5: workspaces[0].api_url: is no known key (did you mean `apiUrl`?)",
    ],
    [
      "a key nobody can guess",
      withSource("prune: { zzzzzzzz: 1 }"),
      "5:14: sources[0].prune.zzzzzzzz: is no known key (known are mode, max, maxPercent, ceiling, grace)",
    ],
    ["a wrong name", minimal.replace("prod", "Prod_1"), "1:1: installation: must be lower-case letters and digits"],
    ["a long name", minimal.replace("prod", "a".repeat(64)), "1:1: installation: must be at most 63 characters long"],
    ["a wrong duration", withSource("interval: 5 minutes"), "5:5: sources[0].interval: must be a duration such as"],
    ["units in disorder", withSource("interval: 30s1m"), "5:5: sources[0].interval: must be a duration such as"],
    [
      "too short an interval",
      withSource("interval: 1ms"),
      "5:5: sources[0].interval: must be a duration between 100ms",
    ],
    ["a number for a duration", withSource("interval: 60"), "5:5: sources[0].interval: must be text, not a number"],
    [
      "a value that is empty",
      withSource("ref:"),
      "5:5: sources[0].ref: is empty: give it a value, or take the line out",
    ],
    ["an unknown mode", withSource("adopt: always"), "5:5: sources[0].adopt: must be one of never, same, unowned"],
    ["too small a number", withSource("prune: { max: -1 }"), "5:14: sources[0].prune.max: must be at least 0"],
    [
      "too large a number",
      withSource("prune: { maxPercent: 200 }"),
      "5:14: sources[0].prune.maxPercent: must be at most 100",
    ],
    [
      "a bare ref",
      withSource("ref: main"),
      "5:5: sources[0].ref: must say what it is, such as { branch: main }: one of branch, tag, commit (40 hex digits) and name",
    ],
    ["two refs", withSource("ref: { branch: a, tag: b }"), "5:5: sources[0].ref: must have exactly one of branch, tag"],
    ["no ref in it", withSource("ref: {}"), "5:5: sources[0].ref: must have exactly one of branch, tag, commit, name"],
    ["a short commit", withSource("ref: { commit: abc123 }"), "5:12: sources[0].ref.commit: must be a full commit id"],
    [
      "a full branch",
      withSource("ref: { branch: refs/heads/a }"),
      "5:12: sources[0].ref.branch: must be the branch's short name",
    ],
    ["a bad branch", withSource("ref: { branch: 'a..b' }"), "5:12: sources[0].ref.branch: is no valid Git ref"],
    ["a short name", withSource("ref: { name: main }"), "5:12: sources[0].ref.name: must be a full ref name"],
    ["an ssh URL", minimal.replace("https:", "ssh:"), "4:5: sources[0].url: SSH isn't supported yet"],
    [
      "an scp URL",
      minimal.replace("https://git.example.com/", "git@git.example.com:"),
      "4:5: sources[0].url: SSH isn't supported yet",
    ],
    [
      "a path for a URL",
      minimal.replace("https://git.example.com", ""),
      "4:5: sources[0].url: must be an absolute https:// or http:// URL",
    ],
    [
      "a file URL",
      minimal.replace("https://git.example.com", "file:///srv"),
      "4:5: sources[0].url: must be an absolute https:// or http:// URL",
    ],
    ["no URL", "installation: a\nsources:\n  - name: a\n", "3:5: sources[0].url: is missing"],
    ["a URL with a query", minimal.replace(".git", ".git?a=b"), "4:5: sources[0].url: must not contain a query"],
    [
      "a registry's URL for its host",
      withSource('registries: [{ host: "https://ghcr.io" }]'),
      "5:20: sources[0].registries[0].host: must be a host in lower case",
    ],
    [
      "another name of Docker Hub",
      withSource("registries: [{ host: index.docker.io }]"),
      "5:20: sources[0].registries[0].host: must be `docker.io`",
    ],
    [
      "a registry twice",
      withSource("registries: [{ host: ghcr.io }, { host: ghcr.io }]"),
      "5:5: sources[0].registries: names a host twice",
    ],
    [
      "a registry's password itself",
      withSource("registries: [{ host: ghcr.io, credentials: { token: abc } }]"),
      "5:50: sources[0].registries[0].credentials.token: must be a reference",
    ],
    [
      "a password without a user",
      withSource("credentials: { password: { env: P } }"),
      "5:5: sources[0].credentials: needs a `username`",
    ],
    ["an absolute glob", withSource("manifests: [/prefect.yaml]"), "5:17: sources[0].manifests[0]: must be relative"],
    ["a glob that climbs", withSource("exclude: [a/../b]"), "5:15: sources[0].exclude[0]: must not contain `..`"],
    ["an empty list", withSource("manifests: []"), "5:5: sources[0].manifests: must not be empty"],
    ["a pattern without a slash", withSource("select: [etl]"), "5:14: sources[0].select[0]: must be `flow/deployment`"],
    [
      "an unknown field",
      withSource("ignore: [job_variable]"),
      "5:14: sources[0].ignore[0]: `job_variable` is no field of a deployment (did you mean `job_variables`?)",
    ],
    [
      "a number in env",
      withSource("env: { A: 1 }"),
      "5:12: sources[0].env.A: must be text (numbers and booleans in quotes)",
    ],
    ["a bad name in env", withSource("env: { 1-A: a }"), "5:12: sources[0].env.1-A: must be a name of letters, digits"],
    [
      "infinity",
      withSource("stepOutputs: { a: { b: .inf } }"),
      "5:25: sources[0].stepOutputs.a.b: must not contain .nan",
    ],
    [
      "an unknown workspace",
      withSource("workspace: defualt"),
      "5:5: sources[0].workspace: is no workspace of this config (did you mean default?)",
    ],
    [
      "a name twice",
      `${minimal}  - name: etl\n    url: https://a/b\n`,
      "5:5: sources[1].name: is the same as sources[0].name",
    ],
    [
      "an open address without a token",
      `${minimal}server: { listen: "0.0.0.0:8484" }\n`,
      "5:11: server.listen: can be reached from other machines",
    ],
    ["a bad address", `${minimal}server: { listen: 8484 }\n`, "5:11: server.listen: must be text, not a number"],
    ["an address without a host", `${minimal}server: { listen: ":8484" }\n`, "5:11: server.listen: must be host:port"],
    [
      "a port that isn't one",
      `${minimal}server: { listen: "127.0.0.1:70000" }\n`,
      "5:11: server.listen: must be host:port",
    ],
    [
      "metricsAuth alone",
      `${minimal}server: { metricsAuth: true }\n`,
      "5:11: server.metricsAuth: needs `server.token` or `server.tokens`",
    ],
    ["no sources", "installation: a\n", "1:1: sources: is missing"],
    [
      "decommission as a default",
      `${minimal}defaults: { decommission: true }\n`,
      "5:13: defaults.decommission: is no known key",
    ],
  ]
  for (const [name, text, expected] of table) {
    const [first] = problemsOf(text)
    t.equal(first?.slice(0, expected.length), expected, name)
  }
})

await t.test("everything that is wrong is told at once, in the order of the file", async (t) => {
  const problems = problemsOf(`installation: PROD
server: { listen: "0.0.0.0:1" }
sources:
  - name: a
    urll: https://git.example.com/a.git
    interval: soon
    workspace: nowhere
  - name: a
    url: https://git.example.com/a.git
    ref: { branch: a, commit: b }
`)

  t.strictSame(
    problems.map((problem) => problem.split(": ").slice(0, 2).join(" ")),
    [
      "1:1 installation",
      "2:11 server.listen",
      "4:5 sources[0].url",
      "5:5 sources[0].urll",
      "6:5 sources[0].interval",
      "7:5 sources[0].workspace",
      "8:5 sources[1].name",
      "10:5 sources[1].ref",
      "10:23 sources[1].ref.commit",
    ],
  )
})

await t.test("a secret that somebody wrote into the file is never quoted back", async (t) => {
  const secret = "pnu_0123456789abcdef"
  const texts = [
    `installation: a\nsources: []\nworkspaces: [{ name: a, apiUrl: "http://a/api", apiKey: ${secret} }]\n`,
    minimal.replace("https://", `https://user:${secret}@`),
    minimal.replace("https://", `ssh://${secret}@`),
    withSource(`credentials: { token: ${secret} }`),
    withSource(`credentials: { token: { env: "${secret}-" } }`),
    withSource(`receiver: { provider: github, secret: [${secret}] }`),
    withSource(`ref: { commit: ${secret} }`),
    `installation: [${secret}\n`,
    `installation: ${secret}: ${secret}\n`,
    `server: { token: ${secret} }\n`,
  ]
  for (const text of texts) {
    const problems = problemsOf(text).join("\n")
    t.not(problems, "", text)
    t.notMatch(problems, secret, text)
  }
  t.match(problemsOf(texts[1] ?? "")[0], "put a reference to them under `credentials`")
  t.match(problemsOf(texts[0] ?? "")[0], "must be a reference, { env: NAME } or { file: PATH }, never the value itself")
})

await t.test("a source's settings go before the defaults, maps key by key, the rest whole", async (t) => {
  const { sources } = parseConfig(
    `installation: a
defaults:
  interval: 5m
  ref: { branch: main }
  prune: { max: 1, grace: 1h }
  env: { A: a, B: b }
  scope: { workPools: [p] }
sources:
  - { name: a, url: https://a/a, prune: { max: 2 }, env: { B: c }, ref: { tag: v1 }, scope: { flows: [f] } }
  - { name: b, url: https://a/b, interval: 1h30m }
`,
    "/x.yaml",
    {},
  )

  const [a, b] = sources
  t.strictSame(a?.intervalMs, 300_000)
  t.strictSame(a?.ref, { kind: "tag", name: "v1" })
  t.match(a?.policy.prune, { max: 2, graceMs: 3_600_000 })
  t.strictSame(a?.rendering.env, { A: "a", B: "c" })
  t.strictSame(a?.scope, { workPools: ["p"], flows: ["f"] })
  t.strictSame(b?.intervalMs, 5_400_000)
  t.strictSame(b?.ref, { kind: "branch", name: "main" })
})

await t.test(
  "the API's URL comes from the entry, else the environment, and Prefect Cloud is asked less often",
  async (t) => {
    const cloud = "https://api.prefect.cloud/api/accounts/a/workspaces/b/"
    const [fromEnvironment] = parseConfig(minimal, "/x.yaml", { PREFECT_API_URL: cloud }).workspaces
    t.match(fromEnvironment, { apiUrl: cloud.slice(0, -1), requests: { perSecond: 5 } })

    const own = `${minimal}workspaces: [{ name: w, apiUrl: "http://prefect:4200/api" }]\n`
    const config = parseConfig(own, "/x.yaml", { PREFECT_API_URL: "nonsense" })
    t.match(config.workspaces, [{ name: "w", apiUrl: "http://prefect:4200/api", requests: { perSecond: 50 } }])
    t.strictSame(config.sources[0]?.workspace, "w", "the only workspace is the source's, whatever its name")

    t.strictSame(problemsOf(minimal, { PREFECT_API_URL: "nonsense" }), [
      "1:1: workspaces: $PREFECT_API_URL must be an absolute https:// or http:// URL",
    ])
  },
)

await t.test("the same API twice is an error, also when one URL comes from the environment", async (t) => {
  const text = `${minimal}workspaces:
  - { name: default, apiUrl: "http://a/api" }
  - { name: b, apiUrl: "http://a/api/" }
`
  t.strictSame(problemsOf(text), ["7:16: workspaces[1].apiUrl: is the same API as workspaces[0]: use that workspace"])
  const other = text.replace(', apiUrl: "http://a/api/"', "")
  t.strictSame(problemsOf(other, { PREFECT_API_URL: "http://a/api" }), [
    "7:5: workspaces[1].apiUrl: is the same API as workspaces[0]: use that workspace",
  ])
})

await t.test("relative files are relative to the config file", async (t) => {
  const config = parseConfig(
    `${withSource("credentials: { token: { file: secrets/git } }", "caFile: ca.pem")}stateDir: state\n`,
    "/etc/lockstep/lockstep.yaml",
    {},
  )

  t.strictSame(config.sources[0]?.remote, {
    url: "https://git.example.com/etl.git",
    credentials: { username: "x-access-token", password: { kind: "file", path: "/etc/lockstep/secrets/git" } },
    caFile: "/etc/lockstep/ca.pem",
  })
  t.strictSame(config.stateDir, "/etc/lockstep/state")
})

await t.test("listening elsewhere is allowed with a token", async (t) => {
  const open = `${minimal}server: { listen: "[::]:80", token: { env: T } }\n`
  t.strictSame(parseConfig(open, "/x.yaml", {}).server, {
    listen: { host: "::", port: 80 },
    tokens: [{ name: "token", role: "operate", token: { kind: "env", name: "T" } }],
    metricsAuth: false,
  })
})

await t.test("a bomb of aliases and a cycle are problems, not an end", async (t) => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f"]
    .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcde"[i]}`).join(",")}]`)
    .join("\n")}\n`
  t.match(problemsOf(bomb)[0], /1:1: can't be used: Excessive alias count/)
  t.ok(problemsOf("installation: a\nsources: &s\n  - { name: a, url: https://a/a, env: { A: *s } }\n").length > 0)
})

await t.test("a file that isn't there, or is no file, is a problem with its name", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-load-"))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, "lockstep.yaml")

  await t.rejects(loadConfig(path, {}), {
    code: "config-invalid",
    message: /lockstep\.yaml:1:1: can't be read: ENOENT/,
  })
  await t.rejects(loadConfig(folder, {}), { code: "config-invalid", message: /can't be read: EISDIR/ })
  await writeFile(path, `# ${"x".repeat(1024 * 1024)}\n${minimal}`)
  await t.rejects(loadConfig(path, {}), { message: /larger than 1048576 bytes/ })
  await writeFile(path, minimal)
  t.match(await loadConfig(path, {}), { installation: "prod" })
})
