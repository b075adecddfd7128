package import IRLASGraph

extension NetworkStructureCode {
  /// How a convolution row is built.
  package enum ConvolutionStyle: Hashable, Sendable {
    /// relu, convolution, batch norm (BlockQNN).
    case plain
    /// relu, depthwise convolution, 1x1 convolution, batch norm (the IRLAS paper's space).
    case separable
  }

  /// The block as a network of its own, for an input of the given shape.
  ///
  /// - Parameters:
  ///   - channels: the result channels of every convolution but the depthwise ones.
  ///   - isFitting: whether the second operand of a sum is projected where it has another width, as std's `fit` does.
  /// - Throws: the shape rule that a row breaks; without `isFitting` a sum of different widths does.
  package func graph(
    name: String, input: Shape, channels: Int, style: ConvolutionStyle, isFitting: Bool = false
  ) throws(ShapeIssue) -> Graph {
    var builder = GraphBuilder(name: name)
    var values = [try builder.add(.input(index: 0), declared: input)]
    for row in rows {
      let operands = row.predecessors.map { values[$0] }
      switch row.kind {
      case .convolution:
        values.append(
          try Self.convolution(&builder, operands[0], row, channels: channels, style: style))
      case .maxPool:
        values.append(try builder.add(.maxPool(Self.pool(row.kernel)), operands))
      case .averagePool:
        values.append(try builder.add(.averagePool(Self.pool(row.kernel)), operands))
      case .identity:
        values.append(try builder.add(.identity, operands))
      case .add:
        let second =
          isFitting ? try Self.fitted(&builder, operands[1], to: builder.shape(of: operands[0])) : operands[1]
        values.append(try builder.add(.add, [operands[0], second]))
      case .concat:
        values.append(try builder.add(.concat(.channel), operands))
      case .terminal:
        preconditionFailure("a checked block holds no terminal row")
      }
    }
    let leaves = leaves.map { values[$0] }
    let result: NodeID
    switch leaves.count {
    case 0: result = values[0]
    case 1: result = leaves[0]
    default: result = try builder.add(.concat(.channel), leaves)
    }
    return builder.finish(outputs: [Graph.Output(name: "output", value: result)])
  }

  private static func window(_ kernel: Int) -> Window {
    let half = kernel / 2
    return Window(
      kernelSize: Extent(square: kernel),
      padding: Border(top: half, left: half, bottom: half, right: half))
  }

  private static func pool(_ kernel: Int) -> Pool { Pool(window: window(kernel)) }

  /// relu, the convolution as its row connects it, batch norm.
  private static func convolution(
    _ builder: inout GraphBuilder, _ x: NodeID, _ row: Row, channels: Int, style: ConvolutionStyle
  ) throws(ShapeIssue) -> NodeID {
    var value = try builder.add(.activation(.relu), [x])
    let width = builder.shape(of: x).channels
    let depthwise = Convolution(window: window(row.kernel), groups: width)
    switch (row.connection, style) {
    case (.standard, .plain):
      value = try builder.conv(value, out: channels, Convolution(window: window(row.kernel))).result
    case (.groups(let count), _):
      let grouped = Convolution(window: window(row.kernel), groups: count)
      value = try builder.conv(value, out: channels, grouped).result
    case (.depthwise, _):
      value = try builder.conv(value, out: width, depthwise, name: "dwconv").result
    case (.separable, _), (.standard, .separable):
      value = try builder.conv(value, out: width, depthwise, name: "dwconv").result
      value = try builder.conv(value, out: channels, Convolution(window: window(1))).result
    }
    return try builder.batchNorm(value).result
  }

  /// Std's `fit`: a 1x1 convolution and batch norm where the width is another one.
  private static func fitted(_ builder: inout GraphBuilder, _ x: NodeID, to shape: Shape) throws(ShapeIssue)
    -> NodeID
  {
    guard builder.shape(of: x) != shape else { return x }
    builder.openScope(.cell, name: "fit", label: "fit")
    defer { builder.closeScope() }
    let value = try builder.conv(x, out: shape.channels, Convolution(window: window(1))).result
    return try builder.batchNorm(value).result
  }
}
