package import IRLASGraph

/// Networks with the scopes that an elaborated program has, made by hand.
package struct SampleNetworks {
  private var builder: GraphBuilder
  private var origin: Int32 = 0

  private init(_ name: String) { builder = GraphBuilder(name: name, label: "\(name)()") }

  private func finish(_ outputs: [NodeID]) -> Graph {
    builder.finish(
      outputs: outputs.enumerated().map {
        Graph.Output(name: outputs.count == 1 ? "output" : "output\($0.offset)", value: $0.element)
      })
  }

  // MARK: Pieces

  private mutating func conv(_ x: NodeID, _ out: Int, _ kernel: Int, stride: Int = 1, groups: Int = 1)
    throws -> NodeID
  {
    let side = kernel / 2
    let window = Window(
      kernelSize: Extent(square: kernel), stride: Extent(square: stride),
      padding: Border(top: side, left: side, bottom: side, right: side))
    return try builder.conv(x, out: out, Convolution(window: window, groups: groups), origin: origin).result
  }

  private mutating func bn(_ x: NodeID) throws -> NodeID { try builder.batchNorm(x, origin: origin).result }

  private mutating func relu(_ x: NodeID) throws -> NodeID {
    try builder.add(.activation(.relu), [x], origin: origin)
  }

  private mutating func cell(_ name: String, _ label: String, _ body: (inout SampleNetworks) throws -> NodeID)
    throws -> NodeID
  {
    origin += 1
    builder.openScope(.cell, name: name, label: label, origin: origin)
    let result = try body(&self)
    builder.closeScope()
    return result
  }

  private mutating func repeated(_ count: Int, _ body: (inout SampleNetworks, Int) throws -> Void) throws {
    builder.openScope(.repetition(count: count), name: "repeat", label: "repeat \(count)")
    for index in 0..<count {
      builder.openScope(.copy(index: index), name: "", label: "copy \(index)")
      try body(&self, index)
      builder.closeScope()
    }
    builder.closeScope()
  }

  private mutating func head(_ x: NodeID) throws -> NodeID {
    let pooled = try builder.add(.globalAveragePool, [x])
    return try builder.linear(pooled, out: 10).result
  }

  private mutating func bottleneck(_ x: NodeID, _ out: Int, width: Int, groups: Int, stride: Int) throws
    -> NodeID
  {
    try cell("Bottleneck", "Bottleneck(\(out), width: \(width), groups: \(groups), stride: \(stride))") {
      net in
      var h = try net.relu(net.bn(net.conv(x, width, 1)))
      h = try net.relu(net.bn(net.conv(h, width, 3, stride: stride, groups: groups)))
      h = try net.bn(net.conv(h, out, 1))
      var shortcut = x
      if net.builder.shape(of: x) != net.builder.shape(of: h) {
        shortcut = try net.cell("fit", "fit()") { try $0.bn($0.conv(x, out, 1, stride: stride)) }
      }
      return try net.relu(net.builder.add(.add, [h, shortcut]))
    }
  }

  // MARK: Networks

  /// ResNeXt for 32x32 images with `copies` bottlenecks in each of three stages (Xie et al., 2017).
  package static func resNeXt(copies: Int = 3) throws -> Graph {
    var net = SampleNetworks("ResNeXt29")
    var x = try net.builder.add(.input(index: 0), declared: .image(3, 32, 32), name: "image")
    x = try net.relu(net.bn(net.conv(x, 64, 3)))
    for stage in 0..<3 {
      try net.repeated(copies) { net, index in
        x = try net.bottleneck(
          x, 256 << stage, width: 512 << stage, groups: 8, stride: stage > 0 && index == 0 ? 2 : 1)
      }
    }
    let logits = try net.head(x)
    return net.finish([logits])
  }

  /// A chain of `count` pre-activation blocks that are no `repeat`: about twelve nodes each.
  package static func deep(blocks count: Int) throws -> Graph {
    var net = SampleNetworks("Deep")
    var x = try net.builder.add(.input(index: 0), declared: .image(3, 32, 32), name: "image")
    x = try net.conv(x, 16, 3)
    for stage in 0..<4 {
      x = try net.cell("Stage", "Stage(\(stage))") { net in
        var y = x
        for _ in 0..<count / 4 {
          y = try net.cell("Residual", "Residual(16)") { net in
            let h = try net.conv(net.relu(net.bn(y)), 16, 3)
            let g = try net.conv(net.relu(net.bn(h)), 16, 3)
            let pooled = try net.builder.add(.globalAveragePool, [g])
            let gate = try net.builder.add(
              .activation(.sigmoid), [try net.conv(net.relu(net.conv(pooled, 4, 1)), 16, 1)])
            return try net.builder.add(.add, [net.builder.add(.multiply, [g, gate]), y])
          }
        }
        return y
      }
    }
    let logits = try net.head(x)
    return net.finish([logits])
  }

  /// DARTS-like cells with two inputs: the previous cell's and the one's before.
  package static func twoInputCells(copies: Int = 6, channels c: Int = 36) throws -> Graph {
    var net = SampleNetworks("DARTS")
    let image = try net.builder.add(.input(index: 0), declared: .image(3, 32, 32), name: "image")
    let stem = try net.bn(net.conv(image, 3 * c, 3))
    var (s0, s1) = (stem, stem)
    for stage in 0..<3 {
      let width = c << stage
      try net.repeated(copies) { net, _ in
        let y = try net.cell("Normal", "Normal(\(width))") { try $0.normal(s0, s1, width) }
        (s0, s1) = (s1, y)
      }
      guard stage < 2 else { break }
      let y = try net.cell("Reduction", "Reduction(\(2 * width))") { try $0.reduction(s0, s1, 2 * width) }
      (s0, s1) = (s1, y)
    }
    let logits = try net.head(s1)
    return net.finish([logits])
  }

  private mutating func separable(_ x: NodeID, _ out: Int, stride: Int = 1) throws -> NodeID {
    try cell("sep_conv", "sep_conv(3x3, \(out))") { net in
      var y = x
      for pass in 0..<2 {
        let c = net.builder.shape(of: y).channels
        y = try net.conv(net.relu(y), c, 3, stride: pass == 0 ? stride : 1, groups: c)
        y = try net.bn(net.conv(y, out, 1))
      }
      return y
    }
  }

  private mutating func preprocess(_ x: NodeID, _ out: Int, halving: Bool) throws -> NodeID {
    try cell(
      halving ? "factorized_reduce" : "relu_conv_bn",
      halving ? "factorized_reduce(\(out))" : "relu_conv_bn(1x1, \(out))"
    ) { net in
      let r = try net.relu(x)
      guard halving else { return try net.bn(net.conv(r, out, 1)) }
      let a = try net.conv(r, out / 2, 1, stride: 2)
      let cropped = try net.builder.add(.crop(Border(top: 1, left: 1)), [r])
      let b = try net.conv(cropped, out / 2, 1, stride: 2)
      return try net.bn(net.builder.add(.concat(.channel), [a, b]))
    }
  }

  private mutating func normal(_ s0: NodeID, _ s1: NodeID, _ c: Int) throws -> NodeID {
    let halving = builder.shape(of: s0).height != builder.shape(of: s1).height
    let a = try preprocess(s0, c, halving: halving)
    let b = try preprocess(s1, c, halving: false)
    let n2 = try builder.add(.add, [separable(a, c), separable(b, c)])
    let n3 = try builder.add(.add, [separable(a, c), separable(b, c)])
    let n4 = try builder.add(.add, [separable(b, c), a])
    let n5 = try builder.add(.add, [a, separable(n2, c)])
    return try builder.add(.concat(.channel), [n2, n3, n4, n5])
  }

  private mutating func reduction(_ s0: NodeID, _ s1: NodeID, _ c: Int) throws -> NodeID {
    let a = try preprocess(s0, c, halving: builder.shape(of: s0).height != builder.shape(of: s1).height)
    let b = try preprocess(s1, c, halving: false)
    let side = Border(top: 1, left: 1, bottom: 1, right: 1)
    let pool = Op.maxPool(
      Pool(window: Window(kernelSize: Extent(square: 3), stride: Extent(square: 2), padding: side)))
    let n2 = try builder.add(.add, [builder.add(pool, [a]), builder.add(pool, [b])])
    let n3 = try builder.add(.add, [n2, builder.add(pool, [b])])
    let n4 = try builder.add(.add, [builder.add(pool, [a]), n2])
    let n5 = try builder.add(.add, [n2, builder.add(pool, [b])])
    return try builder.add(.concat(.channel), [n2, n3, n4, n5])
  }
}
