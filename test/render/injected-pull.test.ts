import t from "tap"
import type { Json, JsonObject } from "../../src/core/json.ts"
import type { DeploymentKey, Desired, Revision } from "../../src/core/model.ts"
import { clonedCommit } from "../../src/render/pull.ts"
import { desiredOf, flow, noOverrides, revision, url, type Files, type Settings } from "./desired.ts"

/** The pull steps of an entry that gives none, held against Prefect's own by `test/runs/`, where both run. */

const key = "my-flow/d" as DeploymentKey
const pool = { name: "pool" }
const stand = (directory: string): Json => ({ "prefect.deployments.steps.set_working_directory": { directory } })
const cloneAt = (at: JsonObject, base = ""): readonly Json[] => {
  const step = (id: JsonObject) => ({ "prefect.deployments.steps.git_clone": { ...id, repository: url, ...at } })
  return base === "" ? [step({})] : [step({ id: "clone" }), stand(`{{ clone.directory }}/${base}`), stand(".")]
}
const clone = (base = ""): readonly Json[] => cloneAt({ commit_sha: revision }, base)

function pullOf(desired: Desired) {
  const [deployment] = desired.deployments.values()
  if (!deployment) throw new Error(desired.problems.map(({ message }) => message).join("; "))
  return deployment.fields.pullSteps
}

const derived = (value: readonly Json[]) => ({ kind: "derived", value })

/** One entry at `manifest`; the flow is in `file`. */
function filesAt(manifest: string, file: string, entry: JsonObject, top: JsonObject = {}): Files {
  const whole = { name: "d", work_pool: pool, ...entry }
  return { [manifest]: JSON.stringify({ ...top, deployments: [whole] }), [file]: flow }
}

const layouts: readonly (readonly [string, string, string, string, string, Settings?])[] = [
  ["all at the root", "prefect.yaml", "f.py:my_flow", "f.py", ""],
  ["a folder of flows below the root", "prefect.yaml", "flows/f.py:my_flow", "flows/f.py", ""],
  ["beside a manifest below the root", "app/prefect.yaml", "f.py:my_flow", "app/f.py", "app"],
  [
    "below a manifest below the root",
    "app/flows/prefect.yaml",
    "inner/f.py:my_flow",
    "app/flows/inner/f.py",
    "app/flows",
  ],
  ["relative to a folder between", "app/flows/prefect.yaml", "flows/f.py:my_flow", "app/flows/f.py", "app"],
  ["relative to the root", "app/flows/prefect.yaml", "app/flows/f.py:my_flow", "app/flows/f.py", ""],
  ["beside the manifest's folder", "app/prefect.yaml", "../shared/f.py:my_flow", "shared/f.py", "app"],
  ["with a dot", "app/prefect.yaml", "./f.py:my_flow", "app/f.py", "app"],
  ["with Windows' slashes", "app/prefect.yaml", "flows\\f.py:my_flow", "app/flows/f.py", "app"],
  ["in a folder with blanks", "my app/prefect.yaml", "f.py:my_flow", "my app/f.py", "my app"],
  ["a module at the root", "prefect.yaml", "pkg.f.my_flow", "pkg/f.py", ""],
  ["a module beside the manifest", "app/prefect.yaml", "pkg.f.my_flow", "app/pkg/f.py", "app"],
  ["a module with a colon", "app/prefect.yaml", "pkg.f:my_flow", "app/pkg/f.py", "app"],
  ["a package's __init__", "app/prefect.yaml", "pkg.my_flow", "app/pkg/__init__.py", "app"],
  ["a module above the manifest", "app/flows/prefect.yaml", "pkg.f.my_flow", "app/pkg/f.py", "app"],
  ["a module in src at the root", "prefect.yaml", "pkg.f.my_flow", "src/pkg/f.py", ""],
  ["a module in the manifest's src", "app/prefect.yaml", "pkg.f.my_flow", "app/src/pkg/f.py", "app"],
  ["a file in src", "app/prefect.yaml", "src/pkg/f.py:my_flow", "app/src/pkg/f.py", "app"],
  [
    "baseDir repository",
    "app/prefect.yaml",
    "app/f.py:my_flow",
    "app/f.py",
    "",
    { rendering: { baseDir: "repository" } },
  ],
  ["baseDir manifest", "app/prefect.yaml", "f.py:my_flow", "app/f.py", "app", { rendering: { baseDir: "manifest" } }],
  [
    "baseDir of a module",
    "app/prefect.yaml",
    "app.f.my_flow",
    "app/f.py",
    "app",
    { rendering: { baseDir: "manifest" } },
  ],
]

for (const [title, manifest, entrypoint, file, base, settings] of layouts) {
  t.test(`without pull the worker stands where the entrypoint was found: ${title}`, async (t) => {
    const desired = desiredOf(filesAt(manifest, file, { entrypoint }), settings)
    t.strictSame(pullOf(desired), derived(clone(base)))
    t.match(desired.deployments.get(key)?.fields.entrypoint, { value: entrypoint }, "which stays as written")
  })
}

t.test("a module of a project elsewhere is installed, so the worker stands in the manifest's folder", async (t) => {
  const files = filesAt("deploy/prefect.yaml", "libs/jobs/src/pkg/f.py", { entrypoint: "pkg.f.my_flow" })
  t.strictSame(pullOf(desiredOf({ ...files, "libs/jobs/pyproject.toml": "" })), derived(clone("deploy")))
})

t.test("several manifests have a folder each", async (t) => {
  const of = (name: string) => filesAt(`${name}/prefect.yaml`, `${name}/f.py`, { name, entrypoint: "f.py:my_flow" })
  const { deployments } = desiredOf({ ...of("a"), ...of("b") })
  t.strictSame(
    [...deployments.values()].map(({ fields }) => fields.pullSteps),
    [derived(clone("a")), derived(clone("b"))],
  )
})

t.test("with pullCommit none the branch is cloned, from the same folder", async (t) => {
  const files = filesAt("app/prefect.yaml", "app/f.py", { entrypoint: "f.py:my_flow" })
  const pullOn = (branch: string | null) =>
    pullOf(desiredOf(files, { rendering: { pullCommit: "none" }, inputs: { branch } }))
  t.strictSame(pullOn("main"), derived(cloneAt({ branch: "main" }, "app")))
  t.strictSame(pullOn(null), derived(cloneAt({}, "app")))
})

t.test("the live commit is found in the injected form, and kept", async (t) => {
  const pin = "a".repeat(40) as Revision
  const files = filesAt("app/prefect.yaml", "app/f.py", { entrypoint: "f.py:my_flow" })
  const kept = desiredOf(files, { inputs: { pins: new Map([[key, pin]]) } })
  t.strictSame(pullOf(kept), derived(cloneAt({ commit_sha: pin }, "app")))
  t.equal(clonedCommit(cloneAt({ commit_sha: pin }, "app"), url), pin)
})

const docker = "prefect_docker.deployments.steps.build_docker_image"
const build = (inputs: JsonObject): JsonObject => ({
  [docker]: { id: "build-image", image_name: "x", tag: "1", ...inputs },
})
const auto = build({ dockerfile: "auto" })
const own = build({ dockerfile: "Dockerfile" })
const withImage = (image: Json): JsonObject => ({ work_pool: { ...pool, job_variables: { image } } })
const built = withImage("{{ build-image.image }}")
const git = { "prefect.deployments.steps.run_shell_script": { script: "git rev-parse HEAD" } }

/** Below `app/`, where the entrypoint is. */
const images: readonly (readonly [string, JsonObject, JsonObject, readonly Json[], Settings?])[] = [
  ["an image in the job variables", withImage("python:3.12"), {}, [stand("/opt/prefect")]],
  ["an empty image is none", withImage(""), {}, clone("app")],
  ["null is none", withImage(null), {}, clone("app")],
  ["an image from the environment", withImage("{{ $IMAGE }}"), {}, [stand("/opt/prefect")]],
  ["other job variables", { work_pool: { ...pool, job_variables: { env: {} } } }, {}, clone("app")],
  ["dockerfile auto in the entry", { ...built, build: [auto] }, {}, [stand("/opt/prefect/app")]],
  ["dockerfile auto above", built, { build: [auto] }, [stand("/opt/prefect/app")]],
  ["… after other steps", built, { build: [git, auto] }, [stand("/opt/prefect/app")]],
  ["… as a single step", { ...built, build: auto }, {}, [stand("/opt/prefect/app")]],
  ["dockerfile auto without an image named", {}, { build: [auto] }, [stand("/opt/prefect/app")]],
  [
    "dockerfile auto from the environment",
    { ...built, build: [build({ dockerfile: "{{ $HOW }}" })] },
    {},
    [stand("/opt/prefect/app")],
  ],
  ["… which Prefect doesn't resolve above", built, { build: [build({ dockerfile: "{{ $HOW }}" })] }, []],
  ["another dockerfile", { ...built, build: [own] }, {}, []],
  ["no dockerfile", { ...built, build: [build({})] }, {}, []],
  ["the first docker step counts", { ...built, build: [own, auto] }, {}, []],
  ["one without inputs doesn't", { ...built, build: [{ [docker]: {} }, auto] }, {}, [stand("/opt/prefect/app")]],
  ["the entry's build before the one above", { ...built, build: [own] }, { build: [auto] }, []],
  ["an empty build falls back for this question", { build: [] }, { build: [auto] }, [stand("/opt/prefect/app")]],
  ["… and null does", { build: null }, { build: [auto] }, [stand("/opt/prefect/app")]],
  [
    "a push of docker is no build",
    {},
    { push: [{ "prefect_docker.deployments.steps.push_docker_image": {} }] },
    clone("app"),
  ],
  ["other steps build no image", {}, { build: [git] }, clone("app")],
  [
    "an image that the source sets over it",
    {},
    {},
    [stand("/opt/prefect")],
    { rendering: { overrides: { ...noOverrides, jobVariables: { image: "x:1" } } } },
  ],
  ["pull: clone clones beside an image", withImage("python:3.12"), {}, clone("app"), { rendering: { pull: "clone" } }],
  ["… and beside a build", built, { build: [auto] }, clone("app"), { rendering: { pull: "clone" } }],
  ["pull: image without any", {}, {}, [stand("/opt/prefect")], { rendering: { pull: "image" } }],
  ["pull: image with a build", built, { build: [auto] }, [stand("/opt/prefect/app")], { rendering: { pull: "image" } }],
]

for (const [title, entry, top, steps, { rendering } = {}] of images) {
  t.test(`code in the image is found as Prefect finds it: ${title}`, async (t) => {
    const files = filesAt("app/prefect.yaml", "app/f.py", { entrypoint: "f.py:my_flow", ...entry }, top)
    const env = new Map([
      ["HOW", "auto"],
      ["IMAGE", "x:1"],
    ])
    t.strictSame(
      pullOf(desiredOf(files, { rendering: { images: "trust", ...rendering }, inputs: { env } })),
      derived(steps),
    )
  })
}

t.test("at the root the image's folder has the repository's name", async (t) => {
  const files = filesAt("prefect.yaml", "f.py", { entrypoint: "f.py:my_flow", build: [auto] })
  t.strictSame(pullOf(desiredOf(files)), derived([stand("/opt/prefect/etl")]))
})

t.test("steps for code in an image wait for the image with it", async (t) => {
  const files = filesAt("app/prefect.yaml", "app/f.py", { entrypoint: "f.py:my_flow", ...built, build: [auto] })
  t.match(pullOf(desiredOf(files, { rendering: { images: "hold" } })), { kind: "undecided", reason: /images: hold/ })
})

t.test("only a clone that is injected needs credentials", async (t) => {
  const remote = { url, credentials: { username: "x", password: { kind: "env", name: "T" } as const }, caFile: null }
  const codes = (entry: JsonObject) =>
    desiredOf(filesAt("prefect.yaml", "f.py", { entrypoint: "f.py:my_flow", ...entry }), { source: { remote } })
      .problems.map(({ code }) => code)
      .filter((code) => code === "pull-without-credentials")
  t.strictSame(codes({}), ["pull-without-credentials"])
  t.strictSame(codes(withImage("x:1")), [])
  t.strictSame(codes({ pull: [] }), [])
})
