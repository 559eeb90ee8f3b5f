import { posix } from "node:path"
import picomatch from "picomatch"
import type { Problem, Revision, Tree } from "../core/model.ts"
import type { Rendering } from "../core/source.ts"
import { findEntrypoint, projectFolders, type FoundEntrypoint, type Where } from "./manifest/entrypoint.ts"
import { parseManifest, type Manifest, type ManifestEntry } from "./manifest/entries.ts"
import { problem } from "./manifest/rules.ts"
import { variablesIn } from "./manifest/template.ts"
import { FlowReader } from "./python/flow.ts"
import type { FileText, FlowFacts, ReadFile, Surroundings } from "./python/reading.ts"
import { toJson } from "./yaml/dialect.ts"

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
  readonly entries: readonly IndexedEntry[]
  readonly problems: readonly Problem[]
  /** Prefect variables that entries refer to. */
  readonly variables: ReadonlySet<string>
}

const manifestsMax = 5_000
const manifestsKept = 2_000

/** Turns the texts of a commit into an Index; remembers parsed manifests by blob id, because a blob never changes. */
export class Renderer {
  readonly #flows = new FlowReader()
  readonly #manifests = new Map<string, Manifest>()
  readonly #onFile: OnFile

  constructor(onFile: OnFile = () => undefined) {
    this.#onFile = onFile
  }

  /** `needs`: read these blobs, then ask again with all that was read so far. */
  index(tree: Tree, blobs: ReadonlyMap<string, Blob>, settings: IndexSettings): IndexStep {
    const [paths, templates] = withoutTemplates(manifestPaths(tree, settings))
    const unread = new Set<string>()
    const readFile = fileReader(tree, blobs, { unread, onFile: this.#onFile })
    const manifests = paths.slice(0, manifestsMax).map((path) => this.#manifest(path, tree, readFile))
    if (unread.size > 0) return { kind: "needs", oids: [...unread] }
    const around = { projects: projectFolders(tree), environment: new Map(Object.entries(settings.env)) }
    const source = { tree, baseDir: settings.baseDir, ...around }
    const entries = manifests.flatMap(({ entries: list }) => list.map((entry) => this.#entry(entry, source, readFile)))
    if (unread.size > 0) return { kind: "needs", oids: [...unread] }
    const tooMany = paths.length > manifestsMax ? [tooManyManifests(paths[manifestsMax] as string)] : []
    const index: Index = {
      revision: tree.revision,
      tree,
      settings,
      entries,
      problems: [
        ...manifests.flatMap(({ problems }) => problems),
        ...templates.map((path) => template(path)),
        ...tooMany,
      ],
      variables: new Set(entries.flatMap((entry) => [...variablesOf(entry)])),
    }
    return { kind: "ready", index }
  }

  #manifest(path: string, tree: Tree, readFile: ReadFile): Manifest {
    const slot = `${tree.entries.get(path)?.oid}\n${path}`
    const known = this.#manifests.get(slot)
    if (known) return known
    const file = readFile(path)
    if (file.kind !== "text") return { path, entries: [], problems: unreadable(path, file) }
    const manifest = parseManifest(path, file.text)
    if (this.#manifests.size >= manifestsKept) this.#manifests.clear()
    this.#manifests.set(slot, manifest)
    return manifest
  }

  #entry(entry: ManifestEntry, where: Where & Surroundings, readFile: ReadFile): IndexedEntry {
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
    const found = findEntrypoint(text.value.value, entry, where)
    if (found.kind === "problem") return none(problem(found.rule, found.message, at))
    const reading = this.#flows.read(found.path, found.object, readFile, where)
    if (reading.kind === "needs") {
      // Asking for their text notes them as unread.
      for (const path of reading.paths) readFile(path)
      return none(null)
    }
    if (reading.kind === "facts") return { ...entry, entrypoint: found, flow: reading.facts, flowProblem: null }
    // What isn't in the flow's file has no line there; the line that names it is where to mend it.
    return none(reading.problem.line === undefined ? { ...reading.problem, ...at } : reading.problem)
  }
}

/** Files that the globs select, in the order of their paths. */
export function manifestPaths(
  tree: Tree,
  { manifests, exclude }: Pick<IndexSettings, "manifests" | "exclude">,
): readonly string[] {
  const wanted = picomatch([...manifests], { dot: true })
  const unwanted = exclude.length > 0 ? picomatch([...exclude], { dot: true }) : () => false
  return [...tree.entries]
    .filter(([path, { kind }]) => kind === "file" && wanted(path) && !unwanted(path))
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
