import type { Case } from "./cases.ts"

const jobs = "class Base:\n    @flow(name='base run')\n    def run(self, a: int = 1): pass\n"

/** Mistakes that random repositories brought to light, each made as small as it gets. */
export const found: readonly Case[] = [
  whole(
    "a name beside settings",
    "COMMON = {'retries': 3}\n@flow(name='d 09', **COMMON)\ndef my_flow(a: int = 1): pass",
  ),
  whole("a name behind settings", "COMMON = {'retries': 3}\n@flow(**COMMON, name='d 09')\ndef my_flow(a: int): pass"),
  whole("a name in settings", "COMMON = dict(name='x', description='y')\n@flow(**COMMON)\ndef my_flow(a: int): pass"),
  whole("an empty name in settings", "COMMON = {'name': None}\n@flow(**COMMON)\ndef my_flow(a: int): pass"),
  whole("a method by another name", "class Jobs:\n    @flow\n    def run(self, a: int = 1): 'doc'\nmy_flow = Jobs.run"),
  whole(
    "a static method by another name",
    "class J:\n    @staticmethod\n    @flow\n    def run(a: int): pass\nmy_flow = J.run",
  ),
  { ...whole("an inherited method", `${jobs}class Child(Base): pass`), object: "Child.run" },
  { ...whole("a method inherited twice", `${jobs}class Mid(Base): pass\nclass Child(Mid): pass`), object: "Child.run" },
  { ...whole("a method beside a mixin", `${jobs}class M: pass\nclass Child(M, Base): pass`), object: "Child.run" },
  {
    ...whole("an overridden method", `${jobs}class Child(Base):\n    @flow\n    def run(self, b: str): pass`),
    object: "Child.run",
  },
  whole("an inherited method by another name", `${jobs}class Child(Base): pass\nmy_flow = Child.run`),
  flow(
    "an enum member with an underscore",
    "from enum import Enum\nclass A(Enum):\n    RED = 'red'\n    _x = 3",
    "a: A",
  ),
  flow(
    "an underscore member of the wrong type",
    "from enum import StrEnum\nclass A(StrEnum):\n    RED = 'red'\n    _x = 3",
    "a: A",
    false,
  ),
  flow(
    "a serialization alias in a default",
    "from pydantic import BaseModel, Field\nclass A(BaseModel):\n    x: int = Field(..., serialization_alias='s')",
    "a: A = A(x=1)",
    false,
  ),
  flow(
    "an excluded field in a default",
    "from pydantic import BaseModel, Field\nclass A(BaseModel):\n    x: int = Field(1, exclude=True)",
    "a: A = A()",
    false,
  ),
  flow(
    "a class that pydantic doesn't know inside a model",
    "from logging import Logger\nfrom pydantic import BaseModel\nclass A(BaseModel):\n    x: Logger",
    "a: A",
    false,
  ),
  flow(
    "a model that allows any class",
    "from logging import Logger\nfrom pydantic import BaseModel, ConfigDict\nclass A(BaseModel):\n    model_config = ConfigDict(arbitrary_types_allowed=True)\n    x: Logger",
    "a: A",
  ),
  flow(
    "a broken model that only a text names",
    "from logging import Logger\nfrom typing import List\nfrom pydantic import BaseModel\nclass A(BaseModel):\n    x: Logger",
    'a: List["A"]',
    false,
  ),
  flow("sets inside other values", "", "a=[{'a', 'b'}], b={'k': {'q', 'r'}}", false),
  flow("a set of one text inside a list", "", "a=[{'a'}]"),
  flow("bytes and texts in a literal", "from typing import Literal", "a: Literal[b'x', 'x', b'x']"),
  flow(
    "a member and its value in a literal",
    "from enum import Enum\nfrom typing import Literal\nclass A(Enum):\n    RED = 'red'",
    "a: Literal[A.RED, 'red']",
  ),
  flow(
    "a bound type variable in a union",
    "from typing import TypeVar, Union\nT = TypeVar('T', bound=None | float)",
    "a: Union[T, str]",
  ),
  flow(
    "a keyword that stands twice",
    "from pydantic import BaseModel, Field\nclass A(BaseModel):\n    x: int = Field(..., description='', description='b')",
    "a: A",
    false,
  ),
  flow(
    "a frozen dataclass of one that isn't",
    "from dataclasses import dataclass\n@dataclass\nclass A: pass\n@dataclass(frozen=True)\nclass B(A): pass",
    "a: B",
    false,
  ),
  flow(
    "a dataclass field that keeps the default above",
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: str = 'a'\n@dataclass\nclass B(A):\n    x: int",
    "a: B",
  ),
  flow(
    "a field without schema in the class of a default",
    "from typing import Callable\nfrom pydantic import BaseModel\nclass B(BaseModel):\n    y: Callable\nclass A(BaseModel):\n    x: B | None = None",
    "a: object = A()",
    false,
  ),
  flow(
    "a setting that a subclass takes back",
    "from pydantic import BaseModel, ConfigDict\nclass A(BaseModel):\n    model_config = ConfigDict(extra='forbid')\nclass B(A):\n    model_config = ConfigDict(extra='ignore')",
    "a: B",
  ),
  flow("equal keys of several types", "", "a={1: 1, True: 2}", false),
  flow("keys of every kind", "", "a={None: 1, 1.5: 2, False: 3, (1, 'b'): 4, b'x': 5}"),
  flow(
    "times of every size",
    "from datetime import timedelta",
    "a=timedelta(days=-1, hours=3), b=timedelta(days=400), c=timedelta(hours=1.5), d=timedelta(microseconds=-7), e=timedelta(milliseconds=1500)",
  ),
  flow(
    "paths of every form",
    "from pathlib import Path",
    "a=Path('a//b/./c/'), b=Path(), c=Path('a') / 'b', d=Path('a', '/b'), e=Path('//x'), f=Path('a') / Path('..')",
  ),
  flow(
    "generated aliases",
    "from pydantic import BaseModel, ConfigDict\nfrom pydantic.alias_generators import to_camel\nclass A(BaseModel):\n    model_config = ConfigDict(alias_generator=to_camel)\n    some_name: int\n    a1b: int\n    CamelCase: int = 1",
    "a: A",
  ),
  flow(
    "text methods and formats",
    "N = 'A_b'",
    "a=N.lower().replace('_', '-'), b=f'{N!r:>8}-{7:03d}-{1.5:.2f}', c='%s-%d' % (N, 3), d='{} {x}'.format(1, x=N), e=f'{1e16}'",
  ),
  flow(
    "a result that can't be evaluated and texts that Prefect can",
    "import typing\ndef other() -> 'Unknown': pass",
    "a: 'typing.Optional[int]', b: 'Missing' = 1",
  ),
  flow(
    "a union with a model that has no schema",
    "from typing import Callable, Sequence, Union\nfrom pydantic import BaseModel\nclass A(BaseModel):\n    x: Callable",
    "a: Union[A, Sequence[bytes]], b: A | None = None, c: list[A] = []",
  ),
  flow(
    "a union with a text that can't be looked up",
    "from typing import List, Union\nfrom pydantic import BaseModel\nclass A(BaseModel): pass",
    'a: Union[List["A"], int]',
  ),
  flow(
    "settings that a TypedDict takes from the model around it",
    "from typing_extensions import TypedDict\nfrom pydantic import BaseModel, ConfigDict\nclass A(TypedDict):\n    x: int\nclass B(BaseModel):\n    model_config = ConfigDict(extra='forbid')\n    a: A",
    "b: B",
    false,
  ),
  flow(
    "a limit on a defaultdict",
    "from typing import DefaultDict\nfrom pydantic import BaseModel, Field\nclass A(BaseModel):\n    x: DefaultDict[str, int] = Field({}, max_length=5)",
    "a: A",
    false,
  ),
  flow(
    "a float member in a literal",
    "from enum import Enum\nfrom typing import Literal\nclass A(Enum):\n    X = 2.0\n    Y = 2.5",
    "a: Literal[A.X], b: Literal[A.X, A.Y]",
  ),
  flow(
    "equal bytes in a unique enum",
    "from enum import Enum, unique\n@unique\nclass A(Enum):\n    X = b'q'\n    Y = b'q'",
    "a: A",
    false,
  ),
  flow(
    "a titled type inside a mapping",
    "from typing import Annotated\nfrom pydantic import Field",
    "a: dict[str, Annotated[str, Field(description='d', title='t')]] = {}",
  ),
  flow(
    "types of every library",
    "import ipaddress, os\nfrom typing import AnyStr, DefaultDict\nfrom fractions import Fraction\nfrom pydantic import ByteSize, Json, PostgresDsn, conint, conlist, constr, NonPositiveFloat, Base64Str",
    "a: ipaddress.IPv4Network, b: AnyStr, c: DefaultDict[str, int], d: Fraction, e: ByteSize, f: Json[list[int]], g: PostgresDsn, h: conint(ge=1), i: conlist(int, min_length=1), j: constr(max_length=3) | None, k: NonPositiveFloat, l: Base64Str, m: os.PathLike[str]",
  ),
  flow(
    "a serializer that replaces one of another kind",
    "from pydantic import BaseModel, field_serializer, model_serializer\nclass A(BaseModel):\n    @field_serializer('*')\n    def write(self, value):\n        return value\nclass B(A):\n    @model_serializer\n    def write(self) -> str:\n        return ''\n    x: str",
    "a: B",
    false,
  ),
  documented("an indented section right at the start", "\n    Args:\n        a: The a.\n    "),
  ...[
    "None | None",
    "None | None | int",
    "int | 'str'",
    "1 | int",
    "int[str]",
    "Optional[int] | 'str'",
    "list[int] | 'str'",
  ].flatMap((annotation) => [
    flow(
      `\`${annotation}\` among texts`,
      "from __future__ import annotations\nfrom typing import List, Optional",
      `b: ${annotation}, c: int | List["int"]`,
      false,
    ),
    flow(
      `\`${annotation}\` as it stands`,
      "from typing import List, Optional",
      `b: ${annotation}, c: int | List["int"]`,
      false,
    ),
    flow(
      `\`${annotation}\` in a text`,
      "from typing import List, Optional",
      `b: "${annotation}", c: "int | List['int']"`,
      false,
    ),
  ]),
  ...[
    ["behind one with a default", "    x: int = 1\n    y: int"],
    ["behind one with a default from field()", "    x: int = field(default=1, repr=False)\n    y: int"],
    ["behind one with a factory", "    x: list = field(default_factory=list)\n    y: int"],
  ].flatMap(([title = "", body = ""]) => [
    flow(
      `a field without default ${title}`,
      `from dataclasses import dataclass, field\n@dataclass\nclass A:\n${body}`,
      "a: A",
      false,
    ),
    flow(
      `an own field without default ${title}, inherited`,
      `from dataclasses import dataclass, field\n@dataclass\nclass B:\n${body.split("\n")[0]}\n@dataclass\nclass A(B):\n    y: int`,
      "a: A",
      false,
    ),
  ]),
  ...[
    ["dataclasses", "pydantic.dataclasses"],
    ["pydantic.dataclasses", "dataclasses"],
  ].map(([own = "", base = ""]) => ({
    ...flow(`a dataclass of ${own} over one of ${base}`, "", "", false),
    files: {
      "module_1.py": `from ${base} import dataclass\n@dataclass\nclass A: pass\n`,
      "flows.py": `from ${own} import dataclass\nfrom module_1 import A\nfrom prefect import flow\n@dataclass\nclass B(A): pass\n@flow\ndef my_flow(b: B): pass\n`,
    },
  })),
  flow(
    "a new type of a union in a union",
    "from typing import NewType, Union, Optional\nA = NewType('A', int | None)\nB = NewType('B', Optional[str])\nC = NewType('C', int)",
    "a: Union[A, str], b: Optional[A], c: A | B | float, d: Union[C, int], e: Optional[C], f: list[A] | None, g: C | A = None",
  ),
  flow("a type variable bound by None", "from typing import TypeVar\nT = TypeVar('T', bound=None)", "a: T, b: list[T]"),
  flow(
    "a type variable bound by a name for None",
    "from typing import TypeVar\nN = None\nT = TypeVar('T', bound=N)",
    "a: T",
    false,
  ),
  flow(
    "fields by keyword only, in any order",
    "from dataclasses import dataclass\n@dataclass(kw_only=True)\nclass A:\n    x: int = 1\n    y: int",
    "a: A",
  ),
  flow(
    "a field by keyword only without default",
    "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    x: int = 1\n    y: int = field(kw_only=True)",
    "a: A",
    false,
  ),
  {
    ...flow("a flow with other options", "", ""),
    files: {
      "flows.py":
        "from prefect import flow\n@flow(name='first', description='d')\ndef inner(a: int = 1): pass\nmy_flow = inner.with_options(name='second')\n",
    },
  },
]

function whole(title: string, code: string): Case {
  const text = `from prefect import flow\n${code}\n`
  return { title, files: { "flows.py": text }, path: "flows.py", object: "my_flow", decided: true }
}

function flow(title: string, above: string, parameters: string, decided = true): Case {
  const text = `${above}\nfrom prefect import flow\n\n@flow\ndef my_flow(${parameters}):\n    pass\n`
  return { title, files: { "flows.py": text }, path: "flows.py", object: "my_flow", decided }
}

function documented(title: string, doc: string): Case {
  const text = `from prefect import flow\n\n@flow\ndef my_flow(a: int):\n    """${doc}"""\n`
  return { title, files: { "flows.py": text }, path: "flows.py", object: "my_flow", decided: true }
}
