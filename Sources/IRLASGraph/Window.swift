/// A pair of sizes along height and width.
package struct Extent: Hashable, Sendable {
  package var height: Int
  package var width: Int

  package init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The same size along both axes.
  package init(square size: Int) { self.init(size, size) }

  package static let one = Extent(1, 1)
}

extension Extent: CustomStringConvertible {
  package var description: String { "\(height)x\(width)" }
}

/// Rows and columns added to, or cut from, the four sides of a feature map.
package struct Border: Hashable, Sendable {
  package var top: Int
  package var left: Int
  package var bottom: Int
  package var right: Int

  package init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  package static let none = Border()
  package var isNone: Bool { self == .none }
}

/// How a sliding window moves over a feature map: convolutions and pools share it.
package struct Window: Hashable, Sendable {
  package var kernelSize: Extent
  package var stride: Extent
  package var dilation: Extent
  package var padding: Border

  package init(
    kernelSize: Extent, stride: Extent = .one, dilation: Extent = .one, padding: Border = .none
  ) {
    self.kernelSize = kernelSize
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }

  /// The `same` padding of the language: the output is `ceil(input / stride)`.
  ///
  /// For an odd kernel the total is `dilation * (kernel - 1)`, split evenly, whatever the stride (as PyTorch
  /// networks pad); for an even one it is what the output size needs, smaller half first (as TensorFlow pads).
  package static func samePadding(
    input: Extent, kernelSize: Extent, stride: Extent, dilation: Extent
  ) -> Border {
    let (top, bottom) = samePadding(input.height, kernelSize.height, stride.height, dilation.height)
    let (left, right) = samePadding(input.width, kernelSize.width, stride.width, dilation.width)
    return Border(top: top, left: left, bottom: bottom, right: right)
  }

  private static func samePadding(_ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> (Int, Int) {
    let reach = saturatingProduct(dilation, kernel - 1)
    if kernel % 2 == 1 { return (reach / 2, reach / 2) }
    let output = (input - 1) / stride + 1
    let total = max(saturatingSum((output - 1) * stride + 1 - input, reach), 0)
    return (total / 2, total - total / 2)
  }

  /// The size of the output along height and width, or nil along an axis where no window fits.
  /// With `ceil`, a last partial window counts when it starts inside the input or its leading padding
  /// (PyTorch's `ceil_mode`).
  package func outputSize(for input: Extent, ceil: Bool = false) -> (height: Int?, width: Int?) {
    let height = Self.outputSize(
      input.height, kernelSize.height, stride.height, dilation.height, padding.top, padding.bottom, ceil)
    let width = Self.outputSize(
      input.width, kernelSize.width, stride.width, dilation.width, padding.left, padding.right, ceil)
    return (height, width)
  }

  private static func outputSize(
    _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ before: Int, _ after: Int, _ ceil: Bool
  ) -> Int? {
    let reach = saturatingSum(saturatingProduct(dilation, kernel - 1), 1)
    let room = saturatingSum(saturatingSum(input, before), after) - reach
    guard room >= 0 else { return nil }
    var output = (ceil ? (room + stride - 1) / stride : room / stride) + 1
    if ceil && (output - 1) * stride >= input + before { output -= 1 }
    return output
  }
}

/// A 2-D convolution: how its window moves and how its channels are grouped. Depthwise is `groups == channels`.
package struct Convolution: Hashable, Sendable {
  package var window: Window
  package var groups: Int
  /// An activation applied to the result by the same kernel. Only the compiler's fusion pass sets it.
  package var activation: Activation?

  package init(window: Window, groups: Int = 1, activation: Activation? = nil) {
    self.window = window
    self.groups = groups
    self.activation = activation
  }
}

/// A pooling window.
package struct Pool: Hashable, Sendable {
  package var window: Window
  /// Whether a last partial window counts (PyTorch's `ceil_mode`).
  package var ceil: Bool
  /// Whether an average divides by the whole window, padding included, instead of the elements inside.
  package var countsPadding: Bool

  package init(window: Window, ceil: Bool = false, countsPadding: Bool = false) {
    self.window = window
    self.ceil = ceil
    self.countsPadding = countsPadding
  }
}
