import { posix } from "node:path"
import picomatch from "picomatch"
import { jsonSize } from "../core/json.ts"
import type { Problem, Revision, Tree, TreeEntry } from "../core/model.ts"
import type { Rendering } from "../core/source.ts"
import { linkedManifests } from "./hidden.ts"
import {
  findEntrypoint,
  projectFolders,
  resolveEntrypoint,
  type FoundEntrypoint,
  type Where,
} from "./manifest/entrypoint.ts"
import { manifestAt, parseManifest, type Manifest, type ManifestEntry } from "./manifest/entries.ts"
import { problem } from "./manifest/rules.ts"
import { variablesIn } from "./manifest/template.ts"
import { FlowReader } from "../python/flow-reader.ts"
import type { FileText, FlowFacts, ReadFile, Reading, Surroundings } from "../python/reading.ts"
import { toJson } from "../yaml/dialect.ts"

/** Told of each file before it is worked on. */
export type OnFile = (path: string) => void

export interface IndexSettings {
  readonly manifests: readonly string[]
  readonly exclude: readonly string[]
  readonly baseDir: Rendering["baseDir"]
  readonly env: Rendering["env"]
}
export type Blob =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unreadable"; readonly reason: string }
export type IndexStep =
  | { readonly kind: "needs"; readonly oids: readonly string[] }
  | { readonly kind: "ready"; readonly index: Index }

/** An entry with what its flow file says. */
export interface IndexedEntry extends ManifestEntry {
  /** Null = there is no such file. */
  readonly entrypoint: FoundEntrypoint | null
  readonly flow: FlowFacts | null
  /** Why there is no flow. */
  readonly flowProblem: Problem | null
}

/** What one source declares at one revision: parsed manifests and the facts of flow files. Immutable. */
export interface Index {
  readonly revision: Revision
  readonly tree: Tree
  /** What makes a file of any commit a manifest. */
  readonly settings: IndexSettings
  /** The paths that were read, or would have been. */
  readonly manifests: readonly string[]
  readonly entries: readonly IndexedEntry[]
  readonly problems: readonly Problem[]
  /** Prefect variables that entries refer to. */
  readonly variables: ReadonlySet<string>
}

const manifestsMax = 5_000
/** Values in the manifests of one source together: fifty thousand deployments have as many. */
const valuesMax = 2_000_000
/** Values of parsed manifests that are remembered, of all sources together. */
const valuesKept = 2_000_000
/** Characters and values in the schemas of one source's flows together. */
const schemasMax = 32_000_000

/** Turns the texts of a commit into an Index; remembers parsed manifests by blob id, because a blob never changes. */
export class Renderer {
  readonly #flows = new FlowReader()
  /** By blob id, the oldest first. */
  readonly #manifests = new Map<string, Manifest>()
  #kept = 0
  readonly #onFile: OnFile

  constructor(onFile: OnFile = () => undefined) {
    this.#onFile = onFile
  }

  /** `needs`: read these blobs, then ask again with all that was read so far. */
  index(tree: Tree, blobs: ReadonlyMap<string, Blob>, settings: IndexSettings): IndexStep {
    const [paths, templates] = withoutTemplates(manifestPaths(tree, settings))
    const unread = new Set<string>()
    const readFile = fileReader(tree, blobs, { unread, onFile: this.#onFile })
    const manifests = withinBounds(paths.slice(0, manifestsMax), (path) => this.#manifest(path, tree, readFile))
    if (unread.size > 0) return { kind: "needs", oids: [...unread] }
    const around = { projects: projectFolders(tree), environment: new Map(Object.entries(settings.env)) }
    const source: Look = { tree, baseDir: settings.baseDir, ...around, readFile, known: new Map(), held: 0 }
    const entries = manifests.flatMap(({ entries: list }) => list.map((entry) => this.#entry(entry, source)))
    if (unread.size > 0) return { kind: "needs", oids: [...unread] }
    const tooMany = paths.length > manifestsMax ? [tooManyManifests(paths[manifestsMax] as string)] : []
    const index: Index = {
      revision: tree.revision,
      tree,
      settings,
      manifests: paths,
      entries,
      problems: [
        ...manifests.flatMap(({ problems }) => problems),
        ...templates.map((path) => template(path)),
        ...linkedManifests(tree, manifestPaths(tree, settings, links)),
        ...tooMany,
      ],
      variables: new Set(entries.flatMap((entry) => [...variablesOf(entry)])),
    }
    return { kind: "ready", index }
  }

  #manifest(path: string, tree: Tree, readFile: ReadFile): Manifest {
    const oid = tree.entries.get(path)?.oid ?? path
    const known = this.#manifests.get(oid)
    if (known) return known.path === path ? known : manifestAt(path, known)
    const file = readFile(path)
    if (file.kind !== "text") return { path, entries: [], problems: unreadable(path, file), size: 0 }
    const manifest = parsed(path, file.text)
    this.#keep(oid, manifest)
    return manifest
  }

  /** An entry costs something even where nothing stands in it. */
  #keep(oid: string, manifest: Manifest): void {
    this.#manifests.set(oid, manifest)
    this.#kept += manifest.size + 1
    for (const [oldest, { size }] of this.#manifests) {
      if (this.#kept <= valuesKept) break
      this.#manifests.delete(oldest)
      this.#kept -= size + 1
    }
  }

  #entry(entry: ManifestEntry, where: Look): IndexedEntry {
    const text = entry.node.entries.get("entrypoint")
    const none = (flowProblem: Problem | null): IndexedEntry => ({
      ...entry,
      entrypoint: null,
      flow: null,
      flowProblem,
    })
    if (!text || text.value.kind !== "scalar" || text.value.value === null) {
      return none(problem("entrypoint-missing", "this entry needs `entrypoint: path/to/file.py:function`", entry.at))
    }
    const at = { file: entry.manifest, ...text.value.at }
    if (typeof text.value.value !== "string")
      return none(problem("entrypoint-invalid", "`entrypoint` must be a text", at))
    const resolved = resolveEntrypoint(text.value.value, where.environment)
    if (resolved === null) return none(null)
    if ("refusal" in resolved) return none(problem("entrypoint-invalid", resolved.refusal, at))
    const found = findEntrypoint(resolved.text, entry, where)
    if (found.kind === "problem") return none(problem(found.rule, found.message, at))
    const reading = this.#flow(found.path, found.object, where)
    if (reading.kind === "needs") {
      // Asking for their text notes them as unread.
      for (const path of reading.paths) where.readFile(path)
      return none(null)
    }
    if (reading.kind === "facts") return { ...entry, entrypoint: found, flow: reading.facts, flowProblem: null }
    // What isn't in the flow's file has no line there; the line that names it is where to mend it.
    return none(reading.problem.line === undefined ? { ...reading.problem, ...at } : reading.problem)
  }

  /** Read once, however many deployments it has. */
  #flow(path: string, object: string, where: Look): Reading {
    const slot = `${path}\n${object}`
    const known = where.known.get(slot)
    if (known) return known
    const read = this.#flows.read(path, object, where.readFile, where)
    if (read.kind === "facts") where.held += jsonSize(read.facts.looseSchema, schemasMax)
    const tooMuch = where.held > schemasMax
    const reading = tooMuch ? { kind: "problem" as const, problem: tooManySchemas(path) } : read
    where.known.set(slot, reading)
    return reading
  }
}

/** One look at the flows of a source. */
interface Look extends Where, Surroundings {
  readonly readFile: ReadFile
  readonly known: Map<string, Reading>
  /** Size of the schemas so far. */
  held: number
}

function tooManySchemas(file: string): Problem {
  const message = "the schemas of this source's flows are too large together; this flow and those behind it aren't read"
  return problem("flow-file-too-large", message, { file })
}

/** Each manifest, as long as all of them together aren't more than is read; one that is too much costs itself only. */
function withinBounds(paths: readonly string[], read: (path: string) => Manifest): readonly Manifest[] {
  let values = 0
  return paths.map((path) => {
    const manifest = read(path)
    if (values + manifest.size > valuesMax) return { path, entries: [], problems: [tooMuchTogether(path)], size: 0 }
    values += manifest.size
    return manifest
  })
}

function tooMuchTogether(path: string): Problem {
  const message = `the manifests of this source hold more than ${valuesMax.toLocaleString("en")} values together, so this one isn't read: narrow the globs, or split the source`
  return problem("yaml-too-large", message, { file: path, line: 1, column: 1 })
}

/** What the bounds of the reader let through may still be more than the engine takes. */
function parsed(path: string, text: string): Manifest {
  try {
    return parseManifest(path, text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const found = problem("yaml-too-large", "it is more than can be read", { file: path, line: 1, column: 1 })
    return { path, entries: [], problems: [found], size: 0 }
  }
}

const files: ReadonlySet<TreeEntry["kind"]> = new Set(["file"])
const links: ReadonlySet<TreeEntry["kind"]> = new Set(["symlink", "submodule"])

/** Files that the globs select, in the order of their paths. */
export function manifestPaths(
  tree: Tree,
  { manifests, exclude }: Pick<IndexSettings, "manifests" | "exclude">,
  kinds: ReadonlySet<TreeEntry["kind"]> = files,
): readonly string[] {
  const wanted = picomatch([...manifests], { dot: true })
  const unwanted = exclude.length > 0 ? picomatch([...exclude], { dot: true }) : () => false
  return [...tree.entries]
    .filter(([path, { kind }]) => kinds.has(kind) && wanted(path) && !unwanted(path))
    .map(([path]) => path)
    .toSorted()
}

/** `{{ cookiecutter.name }}/prefect.yaml` makes manifests, and is none. */
function withoutTemplates(paths: readonly string[]): readonly [readonly string[], readonly string[]] {
  return [paths.filter((path) => !path.includes("{{")), paths.filter((path) => path.includes("{{"))]
}

function template(path: string): Problem {
  const message = "its path has {{ … }} in it, so it is a template of manifests, and isn't read"
  return problem("manifest-template", message, { file: path })
}

function fileReader(
  tree: Tree,
  blobs: ReadonlyMap<string, Blob>,
  { unread, onFile }: { readonly unread: Set<string>; readonly onFile: OnFile },
): ReadFile {
  return (path): FileText => {
    const entry = tree.entries.get(posix.normalize(path))
    if (entry?.kind !== "file") return { kind: "missing" }
    const blob = blobs.get(entry.oid)
    if (blob?.kind === "text") onFile(path)
    if (blob) return blob
    unread.add(entry.oid)
    return { kind: "unread" }
  }
}

function unreadable(path: string, file: FileText): readonly Problem[] {
  if (file.kind !== "unreadable") return []
  return [problem("manifest-unreadable", `it can't be read: ${file.reason}`, { file: path, line: 1, column: 1 })]
}

function tooManyManifests(path: string): Problem {
  const message = `more than ${manifestsMax} files match \`manifests\`; this one and those behind it aren't read: narrow the globs`
  return problem("manifest-shape", message, { file: path })
}

function variablesOf(entry: ManifestEntry): ReadonlySet<string> {
  return variablesIn([
    toJson(entry.node),
    entry.build ? toJson(entry.build) : null,
    entry.push ? toJson(entry.push) : null,
  ])
}
