import IRLASGraph
import Testing

@testable import IRLASDSL

/// The messages that the language's design shows, to the letter.
@Suite struct ElaborationMessageTests {
  private func rendered(_ text: String, name: String) -> String {
    let program = Program.load(entry: SourceFile(name: name, text: text)) { _ in .missing }
    return DiagnosticRenderer(sources: program.sources).render(program.check().diagnostics)
  }

  @Test func sumOfDifferentShapes() {
    let text = """
      irlas 1
      use std
      cell Bottleneck(out, width) {
        in x
        h = x
          -> conv(1x1, out)  -> bn

        return h + x -> relu
      }
      network ResNeXt29 {
        in image: [64, 32, 32]
        return image -> repeat 3 Bottleneck(256, width: 512)
      }
      """
    #expect(
      rendered(text, name: "resnext29.irlas") == """
        error[L0201]: the two sides of `+` have different shapes
          --> resnext29.irlas:8:12
           |
         6 |     -> conv(1x1, out)  -> bn
           |                           -- h is [256, 32, 32] here
         8 |   return h + x -> relu
           |          - ^ - x is [64, 32, 32], from the cell's input
           |
           = channels differ: 256 and 64
           = in Bottleneck(256, width: 512), copy 1 of 3, from ResNeXt29 (resnext29.irlas:12:28)
        help: project the shortcut where needed
           |   return h + (x -> fit) -> relu
        """)
  }

  /// A cell without `return`, used: one message, and nobody reads the outputs that it lacks.
  @Test func usedCellWithoutReturn() {
    let text = "irlas 1\ncell A { in x }\nnetwork N { in x: [3, 8, 8]  return x -> A }\n"
    let program = Program.load(entry: SourceFile(name: "a.irlas", text: text)) { _ in .missing }
    #expect(short(program.check().diagnostics, program.sources) == "error[L0025] 2:6: `A` has no `return`")
  }

  @Test func groups() {
    let text = """
      irlas 1
      network Net {
        in x: [16, 32, 32]
        return x
          -> conv(3x3, 100, groups: 8)
      }
      """
    #expect(
      rendered(text, name: "net.irlas") == """
        error[L0312]: 8 groups cannot split 100 channels
          --> net.irlas:5:23
           |
         5 |     -> conv(3x3, 100, groups: 8)
           |                  ---  ^^^^^^^^^ 100 / 8 is not a whole number
        help: nearest widths that work: 96, 104
        """)
  }

  @Test func unknownLayerOfTheLibrary() {
    let text = """
      irlas 1
      cell Normal(c) {
        in s0
        a = s0 -> sepconv(3x3, c)
        return a
      }
      """
    #expect(
      rendered(text, name: "net.irlas").hasPrefix(
        """
        error[L0104]: no layer named `sepconv`
          --> net.irlas:4:13
           |
         4 |   a = s0 -> sepconv(3x3, c)
           |             ^^^^^^^ did you mean `sep_conv`? it is in `std`, which this file does not use
        help: add `use std`
        """))
  }

  @Test func arity() {
    let text = """
      irlas 1
      use std
      cell Normal(c) {
        in s0, s1
        return s1, s0 -> relu_conv_bn(1x1, c)
      }
      network Net(c = 36) {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 3 * c)
        _, y = stem
          -> repeat 6 Normal(c)
        return y
      }
      """
    #expect(
      rendered(text, name: "net.irlas") == """
        error[L0230]: Normal takes 2 tensors, but this chain carries 1
          --> net.irlas:11:17
           |
         4 |   in s0, s1
           |      ------ its inputs
         9 |   stem = image -> conv(3x3, 3 * c)
           |                   ---------------- one tensor [108, 32, 32]
        11 |     -> repeat 6 Normal(c)
           |                 ^^^^^^^^^ defined with `in s0, s1`
           |
           = in copy 1 of 6, from Net (net.irlas:11:8)
        help: start from the stem twice: (stem, stem) -> repeat 6 Normal(c)
           |   _, y = (stem, stem)
        """)
  }

  /// The edits of a help repair the program.
  @Test(arguments: [
    "y = x -> conv(3x3, 8)\nreturn y + x",
    "return x -> linear(10)",
    "y = x -> conv(3x3, 8)\nreturn y + x -> fit",
    "return x -> conv(3, 8)",
    "return x -> conv(3x3, 64, 3x3)",
    "return x -> conv(3x3, 7 / 2)",
    "return x -> repeat 2.5 relu",
    "return x -> repeat (5 / 2) relu",
    "return x -> conv(3x3, 8, strde: 2)",
    "return x -> global_avg_poll",
    "y = x -> relu\nreturn x -> relu",
  ])
  func helpRepairs(body: String) throws {
    let text = "irlas 1\nuse std\nnetwork Net { in x: [3, 32, 32]\n\(body)\n}"
    let broken = program(text)
    let diagnostic = try #require(broken.check().diagnostics.first)
    let help = try #require(diagnostic.help.first { !$0.edits.isEmpty })
    var bytes = Array(text.utf8)
    for edit in help.edits.sorted(by: { $0.span.lower > $1.span.lower }) {
      bytes.replaceSubrange(edit.span.range, with: Array(edit.replacement.utf8))
    }
    #expect(messages(String(decoding: bytes, as: UTF8.self)) == "")
  }

  /// Bodies with one mistake, and its message.
  static let singleMistakes: [(String, String)] = [
    (
      "y = x -> nope\nz = y -> relu\nreturn z + (y -> fit) -> linear(10)",
      "error[L0104] 3:10: no layer named `nope`"
    ),
    ("return x -> repeat 5 conv(3x3, 8, groups: 3)", "error[L0312] 3:35: 3 groups cannot split 8 channels"),
    (
      "y = (x, x -> conv(3x3, 0)) -> concat\nreturn y.c + 1, y",
      "error[L0309] 3:24: `out` of `conv` is 0, but must be at least 1"
    ),
    ("n = 1 / 0\nreturn x -> repeat n relu", "error[L0308] 3:5: division by zero"),
    ("n = 1 / 0\ngrow h[n] = x -> relu\nreturn h -> concat", "error[L0308] 3:5: division by zero"),
    (
      "a, b = x -> split(7)\nreturn a + b", "error[L0312] 3:19: 3 channels cannot be split into 7 equal parts"
    ),
    ("return if x.c / 0 > 1 { x } else { x -> relu }", "error[L0308] 3:11: division by zero"),
    (
      "return x -> repeat 3 conv(3x3, 4 then 5 then 6)",
      "error[L0313] 3:46: `then` gives the value of the first copy and of the rest; it takes two values"
    ),
    ("return x -> conv(3x3, 64, 3x3)", "error[L0301] 3:27: `stride` of `conv` is an Int or [h, w]"),
    (
      "return x -> max_pool(2x2, 2x2) -> max_pool(2x2, [2, 2])",
      "error[L0301] 3:27: `stride` of `max_pool` is an Int or [h, w]"
    ),
    ("b = a -> relu\na = x -> relu\nreturn b", "error[L0105] 3:5: `a` is used before it is bound"),
    ("b = h -> relu\ngrow h[2] = x -> relu\nreturn b", "error[L0105] 3:5: `h` is used before it is bound"),
    (
      "grow h[2..4] = x -> relu\nreturn h.last",
      "error[L0401] 3:8: the network `Net` leaves a decision open; only a space does"
    ),
    ("h = x -> conv 3x3, 4\nreturn h", "error[L0020] 3:15: `3x3` cannot follow a complete value"),
    ("y == x\nreturn y", "error[L0020] 3:3: `==` compares; a binding is written `name = value`"),
    ("return x -> conv(3 x 3, 4)", "error[L0020] 3:18: a Kernel has no blanks in it"),
    ("return x -> repeat -1 relu", "error[L0309] 3:20: a count cannot be negative"),
  ]

  /// One mistake, one message: what depends on it stays silent.
  @Test(arguments: singleMistakes)
  func noCascades(body: String, expected: String) {
    #expect(messages(body: body) == expected)
  }

  /// Of several conditions the message points at the one that does not hold.
  @Test func requirementsOneByOne() {
    #expect(
      messages(body: "n = 3\nrequire n > 1 and n % 2 == 0 and n < 2\nreturn x -> repeat n relu")
        == "error[L0311] 4:19: this requires `n % 2 == 0`")
    #expect(
      messages(body: "require macs > 0 and params <= 80\nreturn x -> conv(3x3, 3)")
        == "error[L0311] 3:22: this requires `params <= 80`")
  }

  /// The names that layers have elsewhere.
  @Test(arguments: [
    ("Conv2d", "conv"), ("ReLU", "relu"), ("BatchNorm2d", "bn"), ("Dense", "linear"),
    ("MaxPooling2D", "max_pool"),
    ("AdaptiveAvgPool2d", "global_avg_pool"), ("batch_norm", "bn"), ("Cat", "concat"),
  ])
  func namesOfOtherTools(foreign: String, own: String) throws {
    let diagnostic = try #require(
      program("cell A { in x  return x -> \(foreign) }").check().diagnostics.first)
    #expect(diagnostic.labels.first?.text == "did you mean `\(own)`?")
  }

  /// A report about the options of a choice says how the space came to it, and fills in what fails.
  @Test func optionsOfANestedSpace() {
    let text = """
      irlas 1
      space Inner(c) {
        in x
        return x -> choose(relu, a: conv(3x3, c, groups: 3), b: conv(3x3, c, groups: 7)) -> bn
      }
      space Net {
        in image: [4, 32, 32]
        n = choose(2, 3)
        return image -> repeat n Inner(8)
      }
      """
    #expect(
      rendered(text, name: "net.irlas") == """
        warning[L0404]: 2 of 3 options can never be formed here
          --> net.irlas:4:15
           |
         4 |   return x -> choose(relu, a: conv(3x3, c, groups: 3), b: conv(3x3, c, groups: 7)) -> bn
           |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           |               |                            |                           |
           |               |                            |                           b: 7 groups cannot split 4 channels
           |               |                            a: 3 groups cannot split 4 channels
           |               `a`, `b`
           |
           = in Inner(8), copy 2 of 2, from Net (net.irlas:9:28)
        help: they are left out when programs are drawn; take them out to make the space clear
        """)
  }

  /// A space is sound when one of its programs is, however the options have to meet for it.
  @Test(arguments: [
    "k = choose(1, 2, 3)  m = choose(1, 2, 3)  require k != m  return x -> repeat k relu -> repeat m silu",
    "a = choose(0, 1)  b = choose(0, 1)  c = choose(0, 1)  require a + b == 1 and b + c == 1"
      + "  return x -> repeat (a + c) relu -> repeat b relu",
    "return x -> repeat 6 choose(relu, conv(3x3, 8, groups: 5), conv(3x3, 8, groups: 7))",
  ])
  func rareProgramsAreFound(body: String) {
    let said = program("irlas 1 space Net { in x: [4, 8, 8]  \(body) }").check().diagnostics
    #expect(said.allSatisfy { $0.severity == .warning }, "\(said.map(\.message))")
  }

  /// A cell that returns nothing is applied all the same.
  @Test func appliedWithoutReturn() {
    #expect(
      messages(
        """
        irlas 1
        cell A { in x  y = x -> relu }
        network N { in x: [3, 8, 8]  return x -> A }
        """) == "error[L0025] 2:6: `A` has no `return`")
  }

  /// The same mistake in many copies, instantiations and checks is said once.
  @Test func onceForAllCopies() {
    let text = """
      irlas 1
      cell Bad(c) { in x  return x -> conv(3x3, c, groups: 7) }
      network A { in x: [3, 8, 8]  return x -> repeat 4 Bad(8) -> Bad(16) }
      network B { in x: [3, 8, 8]  return x -> Bad(8) }
      check A() { params == 1 }
      """
    #expect(messages(text) == "error[L0312] 2:46: 7 groups cannot split 3 channels")
  }

  /// Names of the library by their file, without the file and beside a cell of the same name.
  @Test func qualifiedNames() {
    let net = "network N { in x: [3, 8, 8] return x -> std.sep_conv(3x3, 4) -> std.relu }"
    #expect(messages("irlas 1\n\(net)").hasPrefix("error[L0105] 2:41: this file does not use `std`"))
    #expect(messages("irlas 1\nuse std\ncell relu { in x return x -> std.relu }\n\(net)") == "")
  }

  /// A list that `grow` builds needs its name, and a sum with `fit` in it gets no second one: no edit.
  @Test(arguments: [
    "grow h[3] = x -> relu\nreturn x",
    "y = x -> conv(3x3, 8)\nz = x -> conv(3x3, 4)\nreturn y + z + (x -> fit)",
  ])
  func noHelpThatDoesNotHelp(body: String) throws {
    let broken = program("irlas 1\nuse std\nnetwork Net { in x: [3, 32, 32]\n\(body)\n}")
    let diagnostic = try #require(broken.check().diagnostics.first)
    #expect(diagnostic.help.allSatisfy { $0.edits.isEmpty })
  }

  /// A network with an open parameter is not elaborated unless a `check` line does.
  @Test func openParameters() {
    let text = "irlas 1 network N(c) { in x: [1, 8, 8] return x -> conv(3x3, c) }"
    #expect(messages(text) == "warning[L0302] 1:17: `N` was not checked: `c` has no default")
    #expect(messages(text + " check N(2) { params == 18 }") == "")
    #expect(
      messages("irlas 1 network N { return 3 }")
        == "error[L0034] 1:20: a cell, network or space starts with its inputs")
  }

  @Test func notes() {
    // Warnings do not stop an elaboration.
    let text =
      "irlas 1 cell A { in x: [widht, s, s] return x -> relu }\nnetwork N { in x: [1, 8, 8] return x -> A }"
    let program = program(text)
    #expect(program.elaborate(network: "N").elaboration != nil)
    #expect(messages(text) == "warning[L0206] 1:25: the size `widht` is named once and never used")
  }

  @Test func settings() {
    let program = program(
      "irlas 1 network N(n = 2, k: Kernel = 3x3) { in x: [1, 8, 8] return x -> repeat n conv(k, 1) }")
    func short(_ settings: [(name: String, value: String)]) -> String {
      let (_, diagnostics) = program.elaborate(network: "N", arguments: settings)
      return IRLASDSLTests.short(diagnostics, program.sources(withSettings: settings, of: "N"))
    }
    #expect(short([("n", "4"), ("k", "5x5")]) == "")
    #expect(short([("m", "4")]) == "error[L0303] 1:9: `N` has no parameter `m`")
    #expect(short([("n", "3x3")]) == "error[L0301] 1:12: `n` of `N` is an Int")
    #expect(short([("n", "1 / 2")]) == "error[L0307] 1:12: `n` of `N` is an Int")
    #expect(!short([("n", "4) {} check N(")]).isEmpty)
    #expect(!short([("n", "")]).isEmpty)
    #expect(program.elaborate(network: "M").diagnostics.count == 1)
  }

  /// Two arguments in each other's places are one mistake, which is repaired as one.
  @Test func exchangedArguments() {
    let text = """
      irlas 1
      cell Block(kernel: Kernel, out, act: Layer) {
        in x
        return x -> conv(kernel, out) -> act
      }
      network Net {
        in x: [3, 8, 8]
        return x -> conv(2 * 32, 3x3) -> Block(relu, 8, 3x3)
      }
      """
    #expect(
      rendered(text, name: "a.irlas") == """
        error[L0301]: `kernel` and `out` of `conv` stand in each other's places
          --> a.irlas:8:20
           |
         8 |   return x -> conv(2 * 32, 3x3) -> Block(relu, 8, 3x3)
           |                    ^^^^^^  --- this is the Kernel 3x3
           |                    |
           |                    this is the Int 64
           |
           = it is conv(kernel: Kernel, out: Int, stride = 1, groups = 1, dilation = 1, padding = same, bias = false)
        help: exchange them
           |   return x -> conv(3x3, 2 * 32) -> Block(relu, 8, 3x3)

        error[L0301]: `kernel` and `act` of `Block` stand in each other's places
          --> a.irlas:8:42
           |
         8 |   return x -> conv(2 * 32, 3x3) -> Block(relu, 8, 3x3)
           |                                          ^^^^     --- this is the Kernel 3x3
           |                                          |
           |                                          this is the layer `relu`
           |
           = it is Block(kernel: Kernel, out, act: Layer)
        help: exchange them
           |   return x -> conv(2 * 32, 3x3) -> Block(3x3, 8, relu)
        """)
    // A label says what was meant.
    #expect(
      messages("irlas 1 network N { in x: [3, 8, 8] return x -> conv(kernel: 64, out: 3x3) }").contains("\n"))
    #expect(
      !messages("irlas 1 network N { in x: [3, 8, 8] return x -> conv(64, out: 3.5) }").contains("places"))
  }
}
