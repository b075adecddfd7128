extension Explanation {
  static let unknownModule = Explanation(
    """
    `use` names the library `std`, or a file by its path from the file that uses it: `use "blocks/found.irlas"`, or
    `use blocks.found` for the same. There is no such file.
    """,
    example: """
      use "found.irlas" { Block }

      cell A {
        in x
        return x -> Block
      }
      """,
    cure: """
      use std { sep_conv }

      cell A {
        in x
        return x -> sep_conv(3x3, 8)
      }
      """)

  static let unknownMember = Explanation(
    """
    A tensor has `.c`, `.h`, `.w` and `.shape`; a list has `.size`, `.sum`, `.last`, `.first(n)`, `.at(i)`, and in a
    `grow` `.leaves` and `.reads`; a kernel has `.h` and `.w`.
    """,
    example: """
      cell A {
        in x
        return x -> conv(3x3, x.channels)
      }
      """,
    cure: """
      cell A {
        in x
        return x -> conv(3x3, x.c)
      }
      """)

  static let duplicateName = Explanation(
    """
    A name means one thing: a binding is not assigned again, and no two declarations of a file share a name. Give the
    second one a name of its own, or write the steps as one chain.
    """,
    example: """
      cell A {
        in x
        y = x -> conv(3x3, 8)
        y = y -> bn
        return y
      }
      """,
    cure: """
      cell A {
        in x
        y = x -> conv(3x3, 8) -> bn
        return y
      }
      """)

  static let unknownLayer = Explanation(
    """
    After an arrow stands a layer: one of the built-in ones, a cell of this file or of one that it uses, or a parameter of
    type Layer. The cells of the library are known after `use std`.
    """,
    example: """
      cell A {
        in x
        return x -> sepconv(3x3, 8)
      }
      """,
    cure: """
      use std

      cell A {
        in x
        return x -> sep_conv(3x3, 8)
      }
      """)

  static let unknownName = Explanation(
    """
    A name is known after the statement that binds it, in the same cell. Parameters and inputs are known in the whole
    cell; nothing else comes in from outside.
    """,
    example: """
      cell A(width) {
        in x
        return x -> conv(3x3, widht)
      }
      """,
    cure: """
      cell A(width) {
        in x
        return x -> conv(3x3, width)
      }
      """)

  static let unusedBinding = Explanation(
    """
    A binding that nothing reads is a part of the network that was built and forgotten: its layers would neither be
    trained nor counted. Parameters and inputs may be unused. The name `_` drops one value of several.
    """,
    example: """
      cell A {
        in x
        y = x -> conv(3x3, x.c) -> bn
        return x -> relu
      }
      """,
    cure: """
      cell A {
        in x
        y = x -> conv(3x3, x.c) -> bn
        return y -> relu
      }
      """)

  static let cyclicUse = Explanation(
    """
    Files use one another in a circle, so none of them can be read first. Move what both need to a third file.
    """,
    example: """
      use "blocks.irlas"

      cell A {
        in x
        return x -> relu
      }
      """,
    cure: """
      cell A {
        in x
        return x -> relu
      }
      """,
    files: [
      UsedFile(
        name: "blocks.irlas",
        text: "use \"example.irlas\"\n\ncell Block {\n  in x\n  return x -> A\n}\n")
    ])

  static let cyclicCell = Explanation(
    """
    A cell that uses itself would never end: every program has a finite network, so cells do not recurse. `repeat` and
    `grow` build as many layers as a number says.
    """,
    example: """
      cell Deep(n) {
        in x
        return if n > 0 { x -> relu -> Deep(n - 1) } else { x }
      }
      """,
    cure: """
      cell Deep(n) {
        in x
        return x -> repeat n relu
      }
      """)

  static let unreadableFile = Explanation(
    """
    The file is there, but the system does not let it be read: it lacks the right, or it is a folder, or it is larger than
    the limit.
    """,
    example: """
      use "blocks.irlas" { Block }

      cell A {
        in x
        return x -> Block
      }
      """,
    cure: """
      use "copy.irlas" { Block }

      cell A {
        in x
        return x -> Block
      }
      """,
    files: [
      UsedFile(name: "blocks.irlas", text: nil),
      UsedFile(name: "copy.irlas", text: "cell Block {\n  in x\n  return x -> relu\n}\n"),
    ])
}
