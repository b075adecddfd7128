/// Text of a program drawn from a seed: cells with parameters, in each other, repeated, with shortcuts, branches,
/// gates, several inputs and outputs, shared layers and cells of the library; one network that uses them.
package struct RandomProgram {
  private var random: RandomSource
  private var cells: [(name: String, text: String, inputs: Int)] = []

  /// The program of a seed.
  package static func make(seed: UInt64) -> String {
    var maker = RandomProgram(random: RandomSource(seed: seed))
    for index in 0..<maker.random.pick(1...4) { maker.addCell(index) }
    return maker.program()
  }

  private init(random: RandomSource) { self.random = random }

  private mutating func activation() -> String { random.pick(["relu", "relu6", "silu", "sigmoid", "gelu"]) }

  private mutating func kernel() -> String { random.pick(["1x1", "3x3", "5x5", "1x3"]) }

  /// A layer from any width to `c` channels that keeps height and width.
  private mutating func layer(_ width: String) -> String {
    let single = cells.filter { $0.inputs == 1 }
    switch random.pick(0...8) {
    case 0: return "conv(\(kernel()), \(width)) -> bn -> \(activation())"
    case 1: return "\(activation()) -> conv(\(kernel()), \(width))"
    case 2: return "sep_conv(3x3, \(width))"
    case 3: return "relu_conv_bn(\(kernel()), \(width))"
    case 4: return "dil_conv(3x3, \(width))"
    case 5: return "dwconv(3x3) -> conv(1x1, \(width), bias: true)"
    case 6 where !single.isEmpty: return "\(random.pick(single).name)(\(width))"
    case 7 where !single.isEmpty:
      return "repeat \(random.pick(2...3)) \(random.pick(single).name)(\(width))"
    case 8: return "repeat 2 (conv(3x3, \(width)) -> \(activation()))"
    default: return "max_pool(3x3) -> conv(1x1, \(width))"
    }
  }

  private mutating func addCell(_ index: Int) {
    let name = random.pick(["Block", "Unit", "Mix", "Stage"]) + "\(index)"
    let text: String
    var inputs = 1
    switch random.pick(0...6) {
    case 0:
      text = """
        cell \(name)(c, stride = 1) {
          in x
          h = x -> conv(\(kernel()), c, stride: stride) -> bn -> \(layer("c"))
          return h + (x -> fit) -> \(activation())
        }
        """
    case 1:
      text = """
        cell \(name)(c, width = 4, stride = 1) {
          in x
          p = x -> \(layer("width"))
          return (p, x -> \(layer("c")), p + (x -> \(layer("width")))) -> concat -> conv(1x1, c, stride: stride)
        }
        """
    case 2:
      text = """
        cell \(name)(c, stride = 1) {
          in x
          grow h[\(random.pick(1...3))] = (x, h) -> concat -> \(layer("c"))
          return (x, h) -> concat -> conv(3x3, c, stride: stride)
        }
        """
    case 3:
      text = """
        cell \(name)(c, stride = 1) {
          in x
          y = x -> conv(3x3, c, stride: stride)
          return y * (y -> global_avg_pool -> linear(c) -> sigmoid)
        }
        """
    case 4:
      text = """
        cell \(name)(c, stride = 1) {
          in x
          shared f = conv(3x3, x.c) -> relu
          y = x -> f
          return (y -> f) + y -> conv(1x1, c, stride: stride)
        }
        """
    case 5:
      inputs = 2
      text = """
        cell \(name)(c) {
          in s0, s1
          a = s0 -> \(layer("c"))
          b = s1 -> \(layer("c"))
          y = a + (b -> \(layer("c")))
          return s1, (a, y) -> concat
        }
        """
    default:
      text = """
        cell \(name)(c, stride = 1) {
          in x
          w = if x.c == c { x } else { x -> conv(1x1, c) }
          return w + (w -> \(layer("c"))) -> conv(1x1, 2 * c, stride: stride) -> shuffle(2)
        }
        """
    }
    cells.append((name, text, inputs))
  }

  private mutating func program() -> String {
    var text = "irlas 1\nuse std\n\n"
    for cell in cells { text += cell.text + "\n\n" }
    text += "network Net {\n  in image: [3, 16, 16]\n  x0 = image -> conv(3x3, \(2 * random.pick(2...4)))\n"
    var last = 0
    for index in 1...random.pick(1...4) {
      let width = 4 * random.pick(1...4)
      let cell = random.pick(cells)
      let count = random.pick(1...4)
      if cell.inputs == 2 {
        text += "  _, x\(index) = (x\(last), x\(last)) -> repeat \(count) \(cell.name)(\(width))\n"
      } else if count == 1 {
        text += "  x\(index) = x\(last) -> \(cell.name)(\(width)) -> \(layer("\(width)"))\n"
      } else if cell.text.contains("stride = 1"), random.once(in: 2) {
        text += "  x\(index) = x\(last) -> repeat \(count) \(cell.name)(\(width), stride: 2 then 1)\n"
      } else {
        text += "  x\(index) = x\(last) -> repeat \(count) (\(layer("\(width)")))\n"
      }
      last = index
    }
    let isLabelled = random.once(in: 3)
    let head = "x\(last) -> global_avg_pool -> linear(5)"
    text +=
      isLabelled ? "  return logits: \(head), aux early: x0 -> global_avg_pool\n}\n" : "  return \(head)\n}\n"
    return text
  }
}
