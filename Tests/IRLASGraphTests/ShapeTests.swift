import IRLASTestSupport
import Testing

@testable import IRLASGraph

@Suite struct ShapeTests {
  /// How many windows fit along one axis, by sliding one: a window fits when its last tap is inside the padded
  /// input; with `ceil` also when it merely starts inside the input or the padding before it.
  static func windows(
    _ input: Int, kernel: Int, stride: Int, dilation: Int, before: Int, after: Int, ceil: Bool
  ) -> Int {
    var count = 0
    var start = 0
    while true {
      let last = start + dilation * (kernel - 1)
      let fits = last < before + input + after
      // PyTorch admits one partial window: the first that runs over the end.
      let isPartial =
        ceil && count > 0 && !fits && start < before + input
        && start - stride + dilation * (kernel - 1) < before + input + after - 1
      guard fits || isPartial else { return count }
      count += 1
      if isPartial { return count }
      start += stride
    }
  }

  @Test func outputSizesEqualTheNumberOfWindows() {
    var random = RandomSource(seed: 3)
    var partial = 0
    for _ in 0..<5000 {
      let kernel = random.pick(1...5)
      let (input, stride, dilation) = (random.pick(1...20), random.pick(1...4), random.pick(1...3))
      let (before, after) = (random.pick(0...kernel / 2), random.pick(0...kernel / 2))
      let window = Window(
        kernelSize: Extent(kernel, 1), stride: Extent(stride, 1), dilation: Extent(dilation, 1),
        padding: Border(top: before, bottom: after))
      for ceil in [false, true] {
        let expected = Self.windows(
          input, kernel: kernel, stride: stride, dilation: dilation, before: before, after: after, ceil: ceil)
        let actual = window.outputSize(for: Extent(input, 1), ceil: ceil).height
        #expect((actual ?? 0) == expected, "input \(input), \(window), ceil \(ceil)")
        if ceil, actual != window.outputSize(for: Extent(input, 1)).height { partial += 1 }
      }
    }
    #expect(partial > 100)
  }

  @Test func samePaddingKeepsCeilOfInputByStride() {
    var random = RandomSource(seed: 4)
    for _ in 0..<5000 {
      let input = Extent(random.pick(1...30), random.pick(1...30))
      let kernel = Extent(random.pick(1...7), random.pick(1...7))
      let stride = Extent(random.pick(1...4), random.pick(1...4))
      let dilation = Extent(random.pick(1...3), random.pick(1...3))
      let padding = Window.samePadding(input: input, kernelSize: kernel, stride: stride, dilation: dilation)
      let window = Window(kernelSize: kernel, stride: stride, dilation: dilation, padding: padding)
      let (height, width) = window.outputSize(for: input)
      #expect(height == (input.height + stride.height - 1) / stride.height, "\(input) \(window)")
      #expect(width == (input.width + stride.width - 1) / stride.width, "\(input) \(window)")
      #expect(padding.top <= padding.bottom && padding.left <= padding.right)
      if kernel.height % 2 == 1 { #expect(padding.top == padding.bottom) }
    }
  }

  /// Published sizes: (input, kernel, stride, padding, dilation, ceil) -> output.
  @Test(arguments: [
    (224, 7, 2, 3, 1, false, 112),  // ResNet's first convolution
    (112, 3, 2, 1, 1, false, 56),  // and its pool
    (224, 11, 4, 2, 1, false, 55),  // AlexNet in torchvision
    (55, 3, 2, 0, 1, false, 27),
    (299, 3, 2, 0, 1, false, 149),  // Inception-v3's stem
    (112, 3, 2, 0, 1, true, 56),  // GoogLeNet's pools round up
    (56, 3, 2, 0, 1, true, 28),
    (54, 3, 2, 0, 1, true, 27),  // SqueezeNet
    (32, 3, 1, 2, 2, false, 32),  // a dilated convolution of DARTS
    (32, 5, 1, 4, 2, false, 32),
    (2, 2, 2, 1, 1, true, 2),
  ])
  func knownSizes(input: Int, kernel: Int, stride: Int, padding: Int, dilation: Int, ceil: Bool, output: Int)
  {
    let window = Window(
      kernelSize: Extent(square: kernel), stride: Extent(square: stride), dilation: Extent(square: dilation),
      padding: Border(top: padding, left: padding, bottom: padding, right: padding))
    let size = window.outputSize(for: Extent(square: input), ceil: ceil)
    #expect(size.height == output)
    #expect(size.width == output)
  }

  @Test func wrongOperandsAreIssues() {
    let image = Shape.image(6, 4, 4)
    let three = Window(kernelSize: Extent(square: 3))
    func issue(_ op: Op, _ inputs: [Shape], _ declared: Shape? = nil) -> ShapeIssue? {
      do throws(ShapeIssue) {
        _ = try op.resultShape(of: inputs, declared: declared)
        return nil
      } catch { return error }
    }
    #expect(
      issue(.conv(Convolution(window: three, groups: 4)), [image, .unbatched(8, 1, 3, 3)])
        == .groupsDoNotDivide(groups: 4, channels: 6, ofOutput: false))
    #expect(
      issue(.conv(Convolution(window: three)), [.image(6, 2, 4), .unbatched(8, 6, 3, 3)])
        == .windowDoesNotFit(axis: .height, input: 2, padding: 0, reach: 3))
    #expect(
      issue(.add, [image, .image(6, 4, 5)])
        == .operandsDisagree(first: 0, second: 1, shapes: [image, .image(6, 4, 5)], exceptAlong: nil))
    #expect(issue(.linear, [image, .unbatched(3, 6)]) == .needsFlat(actual: image))
    #expect(issue(.dropout(rate: .nan), [image]) != nil)
    #expect(issue(.upsample(factor: Int.max), [image]) != nil)
    #expect(issue(.flatten, [.image(1 << 20, 1 << 20, 1 << 20)]) != nil)
    #expect(issue(.multiply, [image, .image(6, 1, 1)]) == nil)
    #expect(issue(.multiply, [image, .image(3, 1, 1)]) != nil)
    let huge = Window(
      kernelSize: Extent(square: Int.max), dilation: Extent(square: Int.max),
      padding: Border(top: Int.max, left: Int.max, bottom: Int.max, right: Int.max))
    #expect(issue(.maxPool(Pool(window: huge)), [image]) != nil)
  }
}
