import type { Case } from "./cases.ts"

/** What flows take from the environment of the process that deploys them, as far as `env:` of the source names it. */
export const environments: readonly Case[] = [
  env("a variable with a default", 'os.getenv("STAGE", "dev")'),
  env("a variable without a default", 'os.getenv("STAGE")'),
  env("its name by keyword", 'os.getenv(default="dev", key="STAGE")'),
  env("get", 'os.environ.get("STAGE", "dev")'),
  env("an item", 'os.environ["STAGE"]'),
  env("an empty one", 'os.getenv("EMPTY", "dev")'),
  env("a number of one", 'int(os.getenv("SIZE", "3"))'),
  env("a text with one", "f\"{os.environ['STAGE']}-{os.getenv('SIZE')}\""),
  env("a name worked out", 'os.getenv("ST" + "AGE")'),
  env(
    "one beside others that a call gets",
    'int(os.getenv("SIZE"))',
    true,
    'def f(x): return x\nX = f(os.environ.get("OTHER", ""))',
  ),
  env(
    "one beside others that a call gets, by item",
    'os.getenv("STAGE")',
    true,
    'X = print(os.environ["STAGE"], sep="")',
  ),
  env(
    "one beside others that a call gets, compared",
    'os.getenv("STAGE")',
    true,
    'X = bool.__call__("CI" in os.environ)',
  ),
  env(
    "one beside others that a call gets, in a list",
    'os.getenv("STAGE")',
    true,
    'X = "".join([os.getenv("OTHER", ""), "x"])',
  ),
  env(
    "one beside others that a method gets",
    'os.getenv("STAGE")',
    true,
    'import logging\nlogging.getLogger("x").debug(os.environ.get("OTHER"))',
  ),
  env(
    "one that a call may set, beside a read",
    'os.getenv("STAGE")',
    false,
    "def fill(e, s): e['STAGE'] = 'mine'\nfill(os.environ, os.environ.get('A'))",
  ),
  env(
    "one that a call may set by a bound method",
    'os.getenv("STAGE")',
    false,
    "def fill(s): s('STAGE', 'mine')\nfill(os.environ.__setitem__)",
  ),
  env(
    "one that a call may set through a keyword",
    'os.getenv("STAGE")',
    false,
    "def fill(e): e['STAGE'] = 'mine'\nfill(e=os.environ)",
  ),
  env(
    "one that a call may set by another name",
    'os.getenv("STAGE")',
    false,
    "def fill(e): e['STAGE'] = 'mine'\nE = os.environ\nfill(E)",
  ),
  env(
    "one that a call may set, imported by another name",
    'os.getenv("STAGE")',
    false,
    "from os import environ as E\ndef fill(e): e['STAGE'] = 'mine'\nfill(E)",
  ),
  env(
    "one that is set, imported by another name",
    'os.getenv("STAGE")',
    false,
    "from os import environ as E\nE['STAGE'] = 'mine'",
  ),
  env("one that is set by setattr", 'os.getenv("STAGE")', false, "setattr(os, 'environ', {'STAGE': 'mine'})"),
  env("ones that are replaced", 'os.getenv("STAGE")', false, "os.environ = {'STAGE': 'mine'}"),
  env("one that putenv sets", 'os.getenv("STAGE")', true, "os.putenv('STAGE', 'mine')"),
  env(
    "one that a function's call may set",
    'os.getenv("STAGE")',
    false,
    "def fill(e): e['STAGE'] = 'mine'\ndef g(): fill(os.environ)\ng()",
  ),
  env("one that isn't named, with a default", 'os.getenv("OTHER", "dev")', false),
  env("one that isn't named", 'os.getenv("OTHER")', false),
  env("one with the name of a method of objects", 'os.getenv("constructor", "dev")', false),
  env("one that the file sets", 'os.getenv("STAGE")', false, 'os.environ["STAGE"] = "mine"'),
  env("one that a function sets", 'os.getenv("STAGE")', false, "def s(): os.environ.update(STAGE='mine')\ns()"),
  env("one that the file sets by another name", 'os.getenv("STAGE")', false, 'env = os.environ\nenv["STAGE"] = "mine"'),
  env("one that a call may set", 'os.getenv("STAGE")', false, "def fill(e): e['STAGE'] = 'mine'\nfill(os.environ)"),
  env("ones that the file replaces", 'os.getenv("STAGE")', false, "def s():\n    os.environ |= {'STAGE': 'mine'}\ns()"),
  {
    ...made("set in the flow's file, read in another", {
      "const.py": 'import os\nSTAGE = os.getenv("STAGE")\n',
      "flows.py":
        'import os\nos.environ["STAGE"] = "mine"\nfrom const import STAGE\nfrom prefect import flow\n@flow\ndef my_flow(x=STAGE): pass\n',
    }),
    decided: false,
  },
  made("imported by name", {
    "flows.py":
      'from os import environ as e, getenv\nfrom prefect import flow\n@flow(name=e["STAGE"])\ndef my_flow(x=getenv("SIZE")): pass\n',
  }),
  made("read in another file", {
    "settings.py":
      'import os\nclass Settings:\n    stage = os.getenv("STAGE", "dev")\nSIZE = int(os.environ.get("SIZE", 1))\n',
    "flows.py":
      "from prefect import flow\nfrom settings import Settings, SIZE\n@flow\ndef my_flow(a=Settings.stage, b: int = SIZE): pass\n",
  }),
  made("in the field of a model", {
    "flows.py":
      'import os\nfrom prefect import flow\nfrom pydantic import BaseModel\nclass A(BaseModel):\n    stage: str = os.getenv("STAGE", "dev")\n@flow\ndef my_flow(a: A = A()): pass\n',
  }),
]

function env(title: string, value: string, decided = true, above = ""): Case {
  const text = `import os\nfrom prefect import flow\n${above}\n@flow\ndef my_flow(x=${value}): pass\n`
  return { ...made(title, { "flows.py": text }), decided }
}

function made(title: string, files: Readonly<Record<string, string>>): Case {
  const environment = { STAGE: "prod", SIZE: "12", EMPTY: "" }
  return { title: `environment: ${title}`, files, path: "flows.py", object: "my_flow", environment, decided: true }
}
