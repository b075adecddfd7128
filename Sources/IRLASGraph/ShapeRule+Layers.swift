extension ShapeRule {
  /// The result of a convolution of the first input by the weight that is the second, with the bias that may follow, and
  /// a map of the result's shape behind that, which is added before the activation.
  func conv(_ convolution: Convolution) throws(ShapeIssue) -> Shape {
    try count(2...4)
    let result = try convShape(try image(0), weight: inputs[1], convolution)
    if inputs.count >= 3 { try parameter(2, .unbatched(result.channels)) }
    if inputs.count == 4, try image(3) != result {
      throw .parameterShape(input: 3, expected: result, actual: inputs[3])
    }
    return result
  }

  /// The result of a convolution of `x` by a weight of the given shape.
  func convShape(_ x: Shape, weight: Shape, _ convolution: Convolution) throws(ShapeIssue) -> Shape {
    let groups = convolution.groups
    try positive("groups", groups)
    guard x.channels % groups == 0 else {
      throw .groupsDoNotDivide(groups: groups, channels: x.channels, ofOutput: false)
    }
    guard !weight.isBatched, weight.rank == 4 else {
      throw .wrongKind(input: 1, expected: "a weight {o, i, kh, kw}", actual: weight)
    }
    guard weight[0] % groups == 0 else {
      throw .groupsDoNotDivide(groups: groups, channels: weight[0], ofOutput: true)
    }
    let size = convolution.window.kernelSize
    let expected = Shape.unbatched(weight[0], x.channels / groups, size.height, size.width)
    guard weight == expected else { throw .parameterShape(input: 1, expected: expected, actual: weight) }
    let (height, width) = try windowed(convolution.window, x, ceil: false)
    return .image(weight[0], height, width)
  }

  /// The result of a linear layer: input `[in, 1, 1]`, weight `{out, in}`, and the bias `{out}` that may follow.
  func linear() throws(ShapeIssue) -> Shape {
    try count(2...3)
    let x = try flat(0)
    let weight = inputs[1]
    guard !weight.isBatched, weight.rank == 2 else {
      throw .wrongKind(input: 1, expected: "a weight {out, in}", actual: weight)
    }
    try parameter(1, .unbatched(weight[0], x.channels))
    if inputs.count == 3 { try parameter(2, .unbatched(weight[0])) }
    return .image(weight[0], 1, 1)
  }

  /// The result of a pool of the first input, or of `given`. Padding is at most half the window, as in PyTorch.
  func pool(_ pool: Pool, of given: Shape? = nil) throws(ShapeIssue) -> Shape {
    let x: Shape
    if let given { x = given } else { x = try image(0) }
    let (height, width) = try windowed(pool.window, x, ceil: pool.ceil)
    let window = pool.window
    let sides: [(Axis, Int, Int)] = [
      (.height, max(window.padding.top, window.padding.bottom), window.kernelSize.height),
      (.width, max(window.padding.left, window.padding.right), window.kernelSize.width),
    ]
    for (axis, padding, kernel) in sides where padding > kernel / 2 {
      throw .paddingTooLarge(axis: axis, padding: padding, kernel: kernel)
    }
    return .image(x.channels, height, width)
  }

  /// The rows and columns that a window leaves of a feature map.
  func windowed(_ window: Window, _ x: Shape, ceil: Bool) throws(ShapeIssue) -> (Int, Int) {
    try positive("kernel height", window.kernelSize.height)
    try positive("kernel width", window.kernelSize.width)
    try positive("stride", min(window.stride.height, window.stride.width))
    try positive("dilation", min(window.dilation.height, window.dilation.width))
    let padding = window.padding
    let least = min(min(padding.top, padding.bottom), min(padding.left, padding.right))
    if least < 0 { throw .negative(attribute: "padding", value: least) }
    let sizes = [
      window.kernelSize.height, window.kernelSize.width, window.stride.height, window.stride.width,
      window.dilation.height, window.dilation.width, padding.top, padding.bottom, padding.left, padding.right,
    ]
    for size in sizes where size > Shape.maximumDimension {
      throw .tooLarge(what: "a size of the window", value: size)
    }
    let (height, width) = window.outputSize(for: Extent(x.height, x.width), ceil: ceil)
    guard let height else {
      throw .windowDoesNotFit(
        axis: .height, input: x.height, padding: padding.top + padding.bottom,
        reach: window.dilation.height * (window.kernelSize.height - 1) + 1)
    }
    guard let width else {
      throw .windowDoesNotFit(
        axis: .width, input: x.width, padding: padding.left + padding.right,
        reach: window.dilation.width * (window.kernelSize.width - 1) + 1)
    }
    return (height, width)
  }

  /// The result of attention: the channels hold queries, keys and values, so a third of them is left.
  func attended(_ heads: Int) throws(ShapeIssue) -> Shape {
    let x = try image(0)
    try positive("heads", heads)
    guard x.channels % 3 == 0 else {
      throw .groupsDoNotDivide(groups: 3, channels: x.channels, ofOutput: false)
    }
    guard x.channels / 3 % heads == 0 else {
      throw .groupsDoNotDivide(groups: heads, channels: x.channels / 3, ofOutput: false)
    }
    return .image(x.channels / 3, x.height, x.width)
  }

  /// The result of a product: of equal shapes, or with a gate of one place, for each channel or for all.
  func multiply() throws(ShapeIssue) -> Shape {
    try count(2...2)
    let x = try image(0)
    let y = try image(1)
    let isGate = y.height == 1 && y.width == 1 && (y.channels == x.channels || y.channels == 1)
    guard x == y || isGate else {
      throw .operandsDisagree(first: 0, second: 1, shapes: inputs, exceptAlong: nil)
    }
    return x
  }

  /// The inputs one behind the other along an axis; the other sizes are equal.
  func concat(_ axis: Axis) throws(ShapeIssue) -> Shape {
    try count(1...Int.max)
    var result = try image(0)
    for index in 1..<max(inputs.count, 1) {
      let next = try image(index)
      for other in 0..<3 where other != axis.rawValue && next[other] != result[other] {
        throw .operandsDisagree(first: 0, second: index, shapes: inputs, exceptAlong: axis)
      }
      result[axis.rawValue] = saturatingSum(result[axis.rawValue], next[axis.rawValue])
    }
    return result
  }

  /// A run of an axis.
  func slice(_ axis: Axis, _ start: Int, _ length: Int) throws(ShapeIssue) -> Shape {
    try count(1...1)
    var result = try image(0)
    try range(axis, start, length, result[axis.rawValue])
    result[axis.rawValue] = length
    return result
  }

  /// A feature map with a border more (`sign` 1) or less (-1).
  func bordered(_ border: Border, sign: Int) throws(ShapeIssue) -> Shape {
    let least = min(min(border.top, border.bottom), min(border.left, border.right))
    if least < 0 { throw .negative(attribute: "border", value: least) }
    let x = try image(0)
    let rows = saturatingSum(border.top, border.bottom)
    let columns = saturatingSum(border.left, border.right)
    if sign < 0 {
      guard rows < x.height else { throw .vanishes(axis: .height, size: x.height - rows) }
      guard columns < x.width else { throw .vanishes(axis: .width, size: x.width - columns) }
      return .image(x.channels, x.height - rows, x.width - columns)
    }
    return .image(x.channels, saturatingSum(x.height, rows), saturatingSum(x.width, columns))
  }
}
