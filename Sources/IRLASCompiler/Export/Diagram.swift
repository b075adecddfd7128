import IRLASGraph

/// What a diagram shows of a graph: boxes, arrows and frames around boxes.
struct Diagram {
  /// One box: an op, a convolution with its norm and activation, a folded cell, an input or an output.
  struct Box {
    enum Form {
      case box
      /// A small circle with a sign: sums and products.
      case sign(String)
      /// A box with round ends: inputs and outputs.
      case terminal
      /// A cell whose inside is not drawn.
      case cell
    }

    /// An op that shares the box of another.
    struct Small {
      var word: String
      var family: OpFamily
    }

    var form: Form
    var family: OpFamily
    var title: String
    /// Arguments and sizes, in small print.
    var detail: String
    /// Ops that run before and after the box's own, in small print.
    var before: [Small] = []
    var after: [Small] = []
    /// How many copies the box stands for where that is written on it.
    var badge = 1
    /// How many copies the box stands for.
    var copies = 1
    var scope: ScopeID
    var path: String
    var origin: Int32
    /// Of all copies together.
    var parameters = 0
    var macs = 0
    /// Shapes that come in and go out, for cells; the result's shape otherwise.
    var shapesIn: [Shape] = []
    var shapesOut: [Shape] = []
    /// How much the box stands out; see `DiagramOptions.Highlight`.
    var highlight = 0.0
    /// What the box takes of a whole, all copies together; nil where nothing was measured.
    var share: Double?
    /// How its share compares with the largest one, from 0 to 1.
    var heat = 0.0
    /// Whether it is on the path that is marked.
    var isOnPath = false
  }

  /// An arrow; the shape is that of the value it carries.
  struct Arrow {
    var from: Int
    var to: Int
    var shape: Shape
    /// How many values go this way if they are not drawn one by one.
    var values = 1
    /// Whether the value is its reader's first operand: those arrows are drawn straight.
    var isMain = false
    /// Whether the picture has room for the shape.
    var showsShape = true
    /// Whether it is on the path that is marked.
    var isOnPath = false
  }

  /// A frame around the boxes of an open cell, or of the copies of a `repeat` that holds more than one thing.
  struct Frame {
    var parent: Int?
    /// How many frames are around this one.
    var nesting: Int
    var title: String
    var detail: String
    var badge: Int
    var path: String
    var origin: Int32
    /// Of everything inside, all copies together.
    var parameters = 0
    var macs = 0
    var boxes: [Int] = []
  }

  var title: String
  var subtitle: String
  /// Boxes that are not drawn because another stands for them are nil.
  var boxes: [Box?]
  var arrows: [Arrow]
  /// Outer frames before inner ones.
  var frames: [Frame]
  /// The boxes outside all frames.
  var freeBoxes: [Int]
  var link: (@Sendable (Int32) -> DiagramOptions.Link?)?

  /// As many boxes as a reader takes in at once: the default depth opens cells up to this number.
  static let readableBoxCount = 40

  init(_ graph: Graph, options: DiagramOptions) {
    let deepest = DiagramFolding.deepestLevel(of: graph)
    func diagram(_ depth: Int, fuses: Bool) -> Diagram {
      let folding = DiagramFolding(graph, depth: depth, collapse: options.collapse, fusesChains: fuses)
      return folding.diagram(options)
    }
    if let depth = options.depth {
      self = diagram(depth, fuses: options.fusesChains ?? (depth < deepest))
      return
    }
    let fuses = options.fusesChains ?? true
    var best = diagram(0, fuses: fuses)
    for depth in stride(from: 1, through: deepest, by: 1) {
      let next = diagram(depth, fuses: fuses)
      guard next.boxCount <= Self.readableBoxCount else { break }
      best = next
    }
    self = best
  }

  init(
    title: String, subtitle: String, boxes: [Box?], arrows: [Arrow], frames: [Frame], freeBoxes: [Int],
    link: (@Sendable (Int32) -> DiagramOptions.Link?)?
  ) {
    self.title = title
    self.subtitle = subtitle
    self.boxes = boxes
    self.arrows = arrows
    self.frames = frames
    self.freeBoxes = freeBoxes
    self.link = link
  }

  var boxCount: Int { boxes.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }
}

/// Numbers and shapes as diagrams write them.
enum DiagramText {
  /// `1234567` as `1.23 M`.
  static func quantity(_ value: Int) -> String {
    var size = Double(value)
    for name in ["", " k", " M", " G", " T"] {
      // Three digits; 999.5 is already the next unit's 1.00.
      if size < 999.5 || name == " T" {
        if name.isEmpty || size >= 99.95 { return "\(Int(size.rounded()))\(name)" }
        let places = size >= 9.995 ? 1 : 2
        let digits = String(Int((size * (places == 1 ? 10 : 100)).rounded()))
        return "\(digits.dropLast(places)).\(digits.suffix(places))\(name)"
      }
      size /= 1000
    }
    return "\(value)"
  }

  /// `1234567` as `1 234 567`, for tooltips.
  static func exact(_ value: Int) -> String {
    var groups: [String] = []
    var rest = value
    while rest >= 1000 {
      let group = String(rest % 1000)
      groups.append(String(repeating: "0", count: 3 - group.count) + group)
      rest /= 1000
    }
    groups.append(String(rest))
    return groups.reversed().joined(separator: " ")
  }

  /// `64×32×32`.
  static func shape(_ shape: Shape) -> String {
    if shape.rank == 0 { return shape.isBatched ? "label" : "scalar" }
    if shape.isImage, shape.height == 1, shape.width == 1 { return "\(shape.channels)" }
    return shape.dimensions.map { "\($0)" }.joined(separator: "×")
  }

  static func shapes(_ shapes: [Shape]) -> String {
    var texts: [(text: String, count: Int)] = []
    for shape in shapes {
      let text = Self.shape(shape)
      if let index = texts.firstIndex(where: { $0.text == text }) {
        texts[index].count += 1
      } else {
        texts.append((text, 1))
      }
    }
    return texts.map { $0.count == 1 ? $0.text : "\($0.count) of \($0.text)" }.joined(separator: ", ")
  }

  static func costs(parameters: Int, macs: Int) -> String {
    var parts: [String] = []
    if parameters > 0 { parts.append("\(quantity(parameters)) params") }
    if macs > 0 { parts.append("\(quantity(macs)) MACs") }
    return parts.joined(separator: " · ")
  }

  /// `Bottleneck(256, width: 512)` as name and arguments.
  static func parts(ofLabel label: String) -> (name: String, arguments: String) {
    guard let open = label.firstIndex(of: "("), label.last == ")" else { return (label, "") }
    return (String(label[..<open]), String(label[label.index(after: open)...].dropLast()))
  }

  /// Two texts that differ in some of their comma-separated parts as one: `256, stride: 2 then 1`.
  static func merged(_ first: String, then rest: String) -> String {
    if first == rest || first.contains(" then ") { return first }
    let a = first.split(separator: ", ").map(String.init)
    let b = rest.split(separator: ", ").map(String.init)
    guard a.count == b.count else { return first }
    return zip(a, b).map { x, y in
      if x == y { return x }
      let key = x.prefix { $0 != ":" }
      return y.hasPrefix("\(key): ") ? "\(x) then \(y.dropFirst(key.count + 2))" : "\(x) then \(y)"
    }.joined(separator: ", ")
  }
}
