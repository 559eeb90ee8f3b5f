import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import t from "tap"

/**
 * The walls: which room may import what. Rooms are folders of src; `src/README.md` says what each is for. Changing this
 * table is allowed; do it first, with the reason.
 */
const may: Record<string, { rooms: readonly string[]; packages: readonly string[] }> = {
  core: { rooms: [], packages: ["node:crypto", "node:util", "picomatch"] },
  // One HTTP stack for Git, Prefect and registries: three answered the same question in three ways.
  lib: { rooms: [], packages: ["node:", "undici"] },
  // A dialect of YAML and its places; it knows no rule of prefect.yaml.
  yaml: { rooms: ["core"], packages: ["yaml"] },
  // What running a Python file would make, from its text. Its root files are the way in; the rooms below stand on each other.
  "python/grammar": { rooms: ["core"], packages: [] },
  "python/names": { rooms: ["core", "python/grammar", "python/reading.ts"], packages: [] },
  "python/evaluate": { rooms: ["core", "python/grammar", "python/names"], packages: [] },
  "python/schema": {
    rooms: ["core", "python/grammar", "python/names", "python/evaluate", "python/reading.ts"],
    packages: [],
  },
  "python/flow": {
    rooms: ["core", "python/grammar", "python/names", "python/evaluate", "python/schema", "python/reading.ts"],
    packages: [],
  },
  python: { rooms: ["core"], packages: [] },
  render: {
    rooms: ["core", "yaml", "python/flow-reader.ts", "python/mentions.ts", "python/reading.ts"],
    packages: ["node:", "picomatch", "zod"],
  },
  config: { rooms: ["core", "lib"], packages: ["node:", "chokidar", "yaml", "zod"] },
  git: { rooms: ["core", "lib"], packages: ["node:", "isomorphic-git"] },
  images: { rooms: ["core", "lib"], packages: ["node:"] },
  prefect: { rooms: ["core", "lib"], packages: ["node:", "zod"] },
  observe: { rooms: ["core", "lib"], packages: ["node:", "pino", "prom-client"] },
  // What a turn waits for is known without handing it through every call.
  reconcile: { rooms: ["core", "lib", "observe/events.ts"], packages: ["node:async_hooks"] },
  // The other end of the render port, in a thread of its own.
  thread: { rooms: ["core", "lib", "reconcile/ports.ts", "render/pull.ts", "open-render.ts"], packages: ["node:"] },
  server: { rooms: ["core", "observe", "lib"], packages: ["node:", "fastify"] },
}

/** Rooms within rooms first. */
const walls = Object.entries(may)
  .map(([room, wall]) => [`${room}/`, room, wall] as const)
  .toSorted(([one], [other]) => other.length - one.length)

interface Import {
  readonly from: string
  readonly to: string
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(file, "utf8")
  const found = text.matchAll(
    /^(?:import|export)\s+(?:type\s+)?(?:\{[^}]*\}|[\w*, ]+(?:\{[^}]*\})?)\s+from\s+"([^"]+)"/gm,
  )
  return [...found].map(([, to]) => ({
    from: file.replace(/^src\//, ""),
    to: to?.startsWith(".") ? normalize(join(dirname(file), to)).replace(/^src\//, "") : (to ?? ""),
  }))
}

function allowed({ from, to }: Import): boolean {
  const [, room, wall] = walls.find(([start]) => from.startsWith(start)) ?? []
  if (!room || !wall || to.startsWith(`${room}/`)) return true
  return [...wall.rooms, ...wall.packages].some(
    (name) => to === name || to.startsWith(name.endsWith(":") ? name : `${name}/`),
  )
}

const imports = globSync("src/**/*.ts").flatMap((file) => importsOf(file))

t.test("imports stay within the walls of their room", async (t) => {
  t.ok(imports.length > 100, "the imports were found")
  const crossing = imports.filter((line) => !allowed(line)).map(({ from, to }) => `${from} -> ${to}`)
  t.strictSame(crossing, [])
})

t.test("no file imports itself by way of others, not even a type", async (t) => {
  const below = Map.groupBy(imports, ({ from }) => from)
  const reaches = (start: string): ReadonlySet<string> => {
    const seen = new Set<string>()
    for (const open = [start]; open.length > 0;) {
      for (const { to } of below.get(open.pop() ?? "") ?? []) {
        if (seen.has(to)) continue
        seen.add(to)
        open.push(to)
      }
    }
    return seen
  }
  t.strictSame(
    [...below.keys()].filter((file) => reaches(file).has(file)),
    [],
  )
})

t.test("no code from a repository is ever executed: nothing in src could", async (t) => {
  const ways =
    /child_process|node:vm|node:repl|getBuiltinModule|createRequire|\b(?:eval|require)\(|\bimport\((?!")|new Function\(|^import "/m
  const able = globSync("src/**/*.ts").filter((file) => ways.test(readFileSync(file, "utf8")))
  t.strictSame(able, ["src/systemd.ts"], "which tells systemd that the daemon is ready")
})

t.test("no file of src is longer than 300 lines", async (t) => {
  const long = globSync("src/**/*.ts").filter((file) => readFileSync(file, "utf8").split("\n").length > 301)
  t.strictSame(long, [])
})
