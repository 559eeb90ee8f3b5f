import { flowText } from "./flow.ts"

/** A repository, and how a person deploys it. */
export interface Layout {
  /** Also the repository's, the flow's and the source's. */
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  /** Where `prefect deploy` is run, and with which file there. */
  readonly deploy: readonly { readonly from: string; readonly file: string }[]
  /** Settings of Lockstep's source. */
  readonly source?: object
  /** Copied below `/opt/prefect` of every worker, as a Dockerfile would: a folder of the repository, and where to. */
  readonly image?: { readonly from: string; readonly to: string }
  /** Its host lets in who has `gitToken`; the workspace has a block with it (`access.ts`). */
  readonly isPrivate?: true
  /** On the search path where it is deployed and where it runs, as an installed package is. */
  readonly installed?: string
  /** Why no run completes with this version, deployed by whomever. */
  readonly fails?: Readonly<Record<string, string>>
  /** Why it isn't tried with this version. */
  readonly not?: Readonly<Record<string, string>>
}

type Entry = Readonly<Record<string, unknown>>

const steps = "prefect.deployments.steps"
const dockerStep = "prefect_docker.deployments.steps.build_docker_image"
const nothing = "VALUE = None\n"
const helped = "from helper import VALUE\n"
const packaged = "from pkg.helper import VALUE\n"

function manifest(entrypoint: string, entry: Entry = {}, top: Entry = {}): string {
  const deployment = { name: "d", entrypoint, work_pool: { name: "pool" }, parameters: { n: 7 }, ...entry }
  return JSON.stringify({ ...top, deployments: [deployment] }, null, 1)
}

function layout(name: string, files: Layout["files"], from = "", file = "prefect.yaml"): Layout {
  return { name, files: { ROOT: "", "README.md": name, ...files }, deploy: [{ from, file }] }
}

/** All at the root, pulled by the steps given; `{{URL}}` in them is the repository's. */
function pulled(name: string, pull: readonly Entry[] | null, rest: Partial<Layout> = {}): Layout {
  const files = {
    "prefect.yaml": manifest("f.py:tick", { pull }),
    "f.py": flowText(name, helped),
    "helper.py": "VALUE = 9\n",
  }
  return { ...layout(name, files), ...rest }
}

const build = (inputs: Entry): Entry => ({ [dockerStep]: { id: "build-image", image_name: "x", tag: "1", ...inputs } })
const clone = (inputs: Entry = {}): Entry => ({ [`${steps}.git_clone`]: { repository: "{{URL}}", ...inputs } })
const stand = (directory: string): Entry => ({ [`${steps}.set_working_directory`]: { directory } })
const withPool = (job_variables: Entry): Entry => ({ work_pool: { name: "pool", job_variables } })

/** A clone and an image, neither at the root: for the gate. */
export const fewLayouts: readonly Layout[] = [
  layout(
    "beside",
    {
      "app/prefect.yaml": manifest("f.py:tick"),
      "app/f.py": flowText("beside", helped),
      "app/helper.py": "VALUE = 1\n",
      "app/data.txt": "here",
    },
    "app",
  ),
  {
    ...layout(
      "built",
      {
        "built/prefect.yaml": manifest("f.py:tick", { build: [build({ dockerfile: "auto" })] }),
        "built/f.py": flowText("built", nothing),
        "built/data.txt": "image",
      },
      "built",
    ),
    image: { from: "built", to: "built" },
  },
]

const noCommit = "git_clone has no commit_sha there"
const dottedRule = "its `prefect deploy` stops at a dotted module: not enough values to unpack"
const noImageRule = "its `prefect deploy` has no rule for an image in the job variables"

export const manyLayouts: readonly Layout[] = [
  ...fewLayouts,
  layout(
    "between",
    {
      "a/b/prefect.yaml": manifest("b/f.py:tick"),
      "a/b/f.py": flowText("between", helped),
      "a/b/helper.py": "VALUE = 2\n",
      "a/data.txt": "a",
    },
    "a",
    "b/prefect.yaml",
  ),
  layout("root", {
    "prefect.yaml": manifest("f.py:tick"),
    "f.py": flowText("root", helped),
    "helper.py": "VALUE = 3\n",
  }),
  layout("below", {
    "prefect.yaml": manifest("flows/in/f.py:tick"),
    "flows/in/f.py": flowText("below", helped),
    "flows/in/helper.py": "VALUE = 4\n",
    "data.txt": "root",
  }),
  layout(
    "from-root",
    {
      "a/b/prefect.yaml": manifest("a/b/f.py:tick"),
      "a/b/f.py": flowText("from-root", helped),
      "a/b/helper.py": "VALUE = 5\n",
      "data.txt": "root",
    },
    "",
    "a/b/prefect.yaml",
  ),
  layout(
    "elsewhere",
    {
      "app/prefect.yaml": manifest("../lib/f.py:tick"),
      "lib/f.py": flowText("elsewhere", helped),
      "lib/helper.py": "VALUE = 6\n",
      "app/data.txt": "app",
    },
    "app",
  ),
  layout(
    "in-blanks",
    {
      "my app/prefect.yaml": manifest("f.py:tick"),
      "my app/f.py": flowText("in-blanks", helped),
      "my app/helper.py": "VALUE = 7\n",
    },
    "my app",
  ),
  layout(
    "working-folder-import",
    {
      "app/prefect.yaml": manifest("flows/f.py:tick"),
      "app/flows/f.py": flowText("working-folder-import", "from shared.values import VALUE\n"),
      "app/shared/values.py": "VALUE = 8\n",
    },
    "app",
  ),
  layout(
    "module",
    {
      "jobs/prefect.yaml": manifest("pkg.f:tick"),
      "jobs/pkg/__init__.py": "",
      "jobs/pkg/f.py": flowText("module", packaged),
      "jobs/pkg/helper.py": "VALUE = 10\n",
    },
    "jobs",
  ),
  {
    ...layout(
      "module-dotted",
      {
        "jobs/prefect.yaml": manifest("pkgd.f.tick"),
        "jobs/pkgd/__init__.py": "",
        "jobs/pkgd/f.py": flowText("module-dotted", "from pkgd.helper import VALUE\n"),
        "jobs/pkgd/helper.py": "VALUE = 11\n",
      },
      "jobs",
    ),
    not: { "3.2.0": dottedRule },
  },
  {
    ...layout("src-installed", {
      "prefect.yaml": manifest("srcpkg.f.tick"),
      "pyproject.toml": '[project]\nname = "srcpkg"\n',
      "src/srcpkg/__init__.py": "",
      "src/srcpkg/f.py": flowText("src-installed", "from srcpkg.helper import VALUE\n"),
      "src/srcpkg/helper.py": "VALUE = 12\n",
    }),
    installed: "src",
    not: { "3.2.0": dottedRule },
  },
  layout("src-file", {
    "prefect.yaml": manifest("src/jobs/f.py:tick"),
    "src/jobs/f.py": flowText("src-file", helped),
    "src/jobs/helper.py": "VALUE = 13\n",
  }),
  {
    ...layout("several", {
      "a/prefect.yaml": manifest("f.py:tick", { name: "a" }),
      "a/f.py": flowText("several", helped),
      "a/helper.py": 'VALUE = "a"\n',
      "b/prefect.yaml": manifest("f.py:tick", { name: "b" }),
      "b/f.py": flowText("several", helped),
      "b/helper.py": 'VALUE = "b"\n',
    }),
    deploy: [
      { from: "a", file: "prefect.yaml" },
      { from: "b", file: "prefect.yaml" },
    ],
  },
  {
    ...layout(
      "image-named",
      {
        "img/prefect.yaml": manifest("image_named.py:tick", withPool({ image: "x:1" })),
        "img/image_named.py": flowText("image-named", nothing),
      },
      "img",
    ),
    image: { from: "img", to: "." },
    not: { "3.2.0": noImageRule },
  },
  {
    ...layout(
      "other-dockerfile",
      {
        "own/prefect.yaml": manifest("f.py:tick", {
          ...withPool({ working_dir: "/opt/prefect/own" }),
          build: [build({ dockerfile: "Dockerfile" })],
        }),
        "own/f.py": flowText("other-dockerfile", nothing),
      },
      "own",
    ),
    image: { from: "own", to: "own" },
    not: { "3.2.0": "its `prefect deploy` writes no pull step there unless a person answers a question" },
  },
  {
    ...layout(
      "image-cloned",
      {
        "app/prefect.yaml": manifest("f.py:tick", withPool({})),
        "app/f.py": flowText("image-cloned", helped),
        "app/helper.py": "VALUE = 14\n",
      },
      "app",
    ),
    source: { pull: "clone", overrides: { workPool: { jobVariables: { image: "x:1" } } } },
  },
  pulled("pull-clone", [clone()]),
  pulled("pull-branch", [clone({ branch: "main" })]),
  pulled("pull-pinned", [clone({ branch: "main" })], { source: { pinClones: true }, not: { "3.2.0": noCommit } }),
  pulled("private-token", [clone({ access_token: "{{ prefect.blocks.secret.git-token }}" })], { isPrivate: true }),
  pulled(
    "private-login",
    [clone({ credentials: { username: "ci", password: "{{ prefect.blocks.secret.git-token }}" } })],
    { isPrivate: true },
  ),
  pulled("pull-folder-name", [clone({ clone_directory_name: "code" })], {
    not: { "3.2.0": "git_clone has no such input there" },
  }),
  pulled("pull-sparse", [clone({ id: "clone", directories: ["app"] }), stand("{{ clone.directory }}/app")], {
    files: {
      ROOT: "",
      "app/prefect.yaml": manifest("f.py:tick", {
        pull: [clone({ id: "clone", directories: ["app"] }), stand("{{ clone.directory }}/app")],
      }),
      "app/f.py": flowText("pull-sparse", helped),
      "app/helper.py": "VALUE = 15\n",
    },
    deploy: [{ from: "app", file: "prefect.yaml" }],
    fails: { "3.2.0": "set_working_directory gives out the relative folder, to which it changes once more" },
  }),
  pulled(
    "pull-shell",
    [{ [`${steps}.run_shell_script`]: { script: "git clone --quiet {{URL}} code" } }, stand("code")],
    { fails: { "3.2.0": "set_working_directory gives out the relative folder, to which it changes once more" } },
  ),
  pulled(
    "pull-requirements",
    [
      clone({ id: "clone" }),
      { [`${steps}.pip_install_requirements`]: { directory: "{{ clone.directory }}", requirements_file: "none.txt" } },
    ],
    {
      files: {
        ROOT: "",
        "none.txt": "# nothing\n",
        "prefect.yaml": manifest("f.py:tick", {
          pull: [
            clone({ id: "clone" }),
            {
              [`${steps}.pip_install_requirements`]: {
                directory: "{{ clone.directory }}",
                requirements_file: "none.txt",
              },
            },
          ],
        }),
        "f.py": flowText("pull-requirements", helped),
        "helper.py": "VALUE = 16\n",
      },
    },
  ),
  {
    ...layout(
      "pull-none",
      {
        "bare/prefect.yaml": manifest("f.py:tick", { ...withPool({ working_dir: "/opt/prefect/bare" }), pull: [] }),
        "bare/f.py": flowText("pull-none", nothing),
      },
      "bare",
    ),
    image: { from: "bare", to: "bare" },
    not: { "3.2.0": "its `prefect deploy` takes an empty list for none" },
  },
  {
    ...layout(
      "pull-image",
      {
        "set/prefect.yaml": manifest("f.py:tick", { pull: [stand("/opt/prefect/set")] }),
        "set/f.py": flowText("pull-image", nothing),
      },
      "set",
    ),
    image: { from: "set", to: "set" },
  },
]
