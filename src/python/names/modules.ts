import type { Session } from "./session.ts"

/** Packages that are never looked for in the repository: Python loads them before any flow file. */
const outside = new Set(
  (
    "abc annotated_types asyncio base64 builtins collections contextlib copy dataclasses datetime decimal enum fractions functools " +
    "importlib inspect io ipaddress itertools json logging math numbers operator os pathlib prefect pydantic pydantic_settings random re " +
    "shutil string subprocess sys tempfile threading time types typing typing_extensions urllib uuid warnings zoneinfo"
  ).split(" "),
)

export type ModulePlace =
  /** Not a file of the repository. */
  | { readonly kind: "outside" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "ambiguous"; readonly paths: readonly string[] }

/** The file of `import a.b` as seen from the flow's file: `sys.path` has its folder, the working folder, and packages. */
export function findModule(session: Session, module: string): ModulePlace {
  if (outside.has(module.split(".")[0] ?? "")) return { kind: "outside" }
  const relative = module.replaceAll(".", "/")
  const found = searchFolders(session.entry).flatMap((folder) => moduleFile(session, join(folder, relative)))
  const own = folderOf(session.entry)
  const first = found[0]
  if (first === undefined) return inProject(session, relative)
  const hidden = hiddenBy(session, module)
  if (hidden !== null && !found.includes(hidden)) return { kind: "ambiguous", paths: [hidden, first] }
  // The flow file's own folder comes first in sys.path; which of the others is there depends on who deploys.
  if (found.length === 1 || first.startsWith(join(own, relative))) return { kind: "file", path: first }
  return { kind: "ambiguous", paths: found }
}

/**
 * The file beside the flow's that Python takes for the package of `import a.b`; null when there is none. The flow's own
 * file is a package to Prefect, with the modules beside it in it (`load_script_as_module`); any other is none.
 */
function hiddenBy(session: Session, module: string): string | null {
  const own = folderOf(session.entry)
  const [top = "", ...rest] = module.split(".")
  const file = join(own, `${top}.py`)
  if (rest.length === 0 || !session.exists(file)) return null
  if (file === session.entry) return moduleFile(session, join(own, rest.join("/")))[0] ?? file
  return session.exists(join(own, `${top}/__init__.py`)) ? null : file
}

/**
 * A package of another project of the repository (a uv or Poetry workspace), which the deploying environment has
 * installed: below the project's `src`, or a folder with an `__init__.py` beside its pyproject.toml.
 */
function inProject(session: Session, relative: string): ModulePlace {
  const [top = ""] = relative.split("/")
  const found = session.around.projects.flatMap((project) => {
    const flat = session.exists(join(project, `${top}/__init__.py`)) ? moduleFile(session, join(project, relative)) : []
    return [...moduleFile(session, join(project, `src/${relative}`)), ...flat]
  })
  const [first] = found
  if (first === undefined) return { kind: "outside" }
  return found.length === 1 ? { kind: "file", path: first } : { kind: "ambiguous", paths: found }
}

/** The file of `from ..a import b` in `path`; null when there is none. */
export function findRelative(session: Session, path: string, from: { module: string; level: number }): string | null {
  let folder = folderOf(path)
  for (let step = 1; step < from.level; step += 1) {
    if (folder === "") return null
    folder = folderOf(folder)
  }
  const target = join(folder, from.module.replaceAll(".", "/"))
  return from.module === "" ? existing(session, join(target, "__init__.py")) : (moduleFile(session, target)[0] ?? null)
}

/** The submodule `name` of the package whose folder is that of `module` seen from `path`. */
export function findRelativeSubmodule(
  session: Session,
  path: string,
  from: { module: string; level: number; name: string },
): string | null {
  const module = from.module === "" ? from.name : `${from.module}.${from.name}`
  return findRelative(session, path, { module, level: from.level })
}

/** The submodule `name` beside the package file `path` (`.../__init__.py`). */
export function findSubmodule(session: Session, path: string, name: string): string | null {
  return path.endsWith("__init__.py") ? (moduleFile(session, join(folderOf(path), name))[0] ?? null) : null
}

function moduleFile(session: Session, path: string): string[] {
  const file = existing(session, `${path}/__init__.py`) ?? existing(session, `${path}.py`)
  return file === null ? [] : [file]
}

function existing(session: Session, path: string): string | null {
  return session.exists(path) ? path : null
}

function searchFolders(entry: string): string[] {
  const folders: string[] = []
  for (let folder = folderOf(entry); ; folder = folderOf(folder)) {
    folders.push(folder, join(folder, "src"))
    if (folder === "") return [...new Set(folders)]
  }
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/")
  return end === -1 ? "" : path.slice(0, end)
}

function join(folder: string, path: string): string {
  return folder === "" ? path : path === "" ? folder : `${folder}/${path}`
}
