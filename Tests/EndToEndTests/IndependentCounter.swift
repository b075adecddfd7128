/// Counts parameters and multiply-accumulates of published networks by walking their definitions with a tape of
/// one running shape. It shares nothing with the compiler, on purpose: it is the second opinion.
struct IndependentCounter {
  struct Map {
    var channels: Int
    var height: Int
    var width: Int
  }

  private(set) var parameters = 0
  private(set) var macs = 0

  private static func halved(_ size: Int, _ stride: Int) -> Int { (size + stride - 1) / stride }

  /// A convolution with `same` padding.
  mutating func conv(
    _ x: Map, _ out: Int, kernel: Int, stride: Int = 1, groups: Int = 1, bias: Bool = false
  ) -> Map {
    let y = Map(
      channels: out, height: Self.halved(x.height, stride), width: Self.halved(x.width, stride))
    let weights = out * (x.channels / groups) * kernel * kernel
    parameters += weights + (bias ? out : 0)
    macs += weights * y.height * y.width
    return y
  }

  mutating func bn(_ x: Map) -> Map {
    parameters += 2 * x.channels
    return x
  }

  mutating func convBN(_ x: Map, _ out: Int, kernel: Int, stride: Int = 1, groups: Int = 1) -> Map {
    bn(conv(x, out, kernel: kernel, stride: stride, groups: groups))
  }

  mutating func linear(_ inputs: Int, _ out: Int) {
    parameters += inputs * out + out
    macs += inputs * out
  }

  // MARK: Networks

  static func resNeXt29(cardinality: Int, base: Int, classes: Int) -> IndependentCounter {
    var count = IndependentCounter()
    var x = count.convBN(Map(channels: 3, height: 32, width: 32), 64, kernel: 3)
    for (stage, out) in [256, 512, 1024].enumerated() {
      let width = cardinality * base << stage
      for block in 0..<3 {
        let stride = stage > 0 && block == 0 ? 2 : 1
        var h = count.convBN(x, width, kernel: 1)
        h = count.convBN(h, width, kernel: 3, stride: stride, groups: cardinality)
        h = count.convBN(h, out, kernel: 1)
        if x.channels != out || stride != 1 { _ = count.convBN(x, out, kernel: 1, stride: stride) }
        x = h
      }
    }
    count.linear(x.channels, classes)
    return count
  }

  /// CIFAR ResNet with option A shortcuts, which have no parameters.
  static func resNet20(n: Int, classes: Int) -> IndependentCounter {
    var count = IndependentCounter()
    var x = count.convBN(Map(channels: 3, height: 32, width: 32), 16, kernel: 3)
    for (stage, out) in [16, 32, 64].enumerated() {
      for block in 0..<n {
        let h = count.convBN(x, out, kernel: 3, stride: stage > 0 && block == 0 ? 2 : 1)
        x = count.convBN(h, out, kernel: 3)
      }
    }
    count.linear(x.channels, classes)
    return count
  }

  static func mobileNetV2(classes: Int) -> IndependentCounter {
    var count = IndependentCounter()
    var x = count.convBN(Map(channels: 3, height: 224, width: 224), 32, kernel: 3, stride: 2)
    let rows = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ]
    for (expand, out, copies, stride) in rows {
      for copy in 0..<copies {
        let wide = x.channels * expand
        var h = expand > 1 ? count.convBN(x, wide, kernel: 1) : x
        h = count.convBN(h, wide, kernel: 3, stride: copy == 0 ? stride : 1, groups: wide)
        x = count.convBN(h, out, kernel: 1)
      }
    }
    x = count.convBN(x, 1280, kernel: 1)
    count.linear(x.channels, classes)
    return count
  }

  /// The DARTS V2 cells for CIFAR-10, 20 of them.
  static func darts(c: Int, classes: Int) -> IndependentCounter {
    var count = IndependentCounter()
    let image = Map(channels: 3, height: 32, width: 32)
    var s1 = count.convBN(image, 3 * c, kernel: 3)
    var s0 = s1

    func factorizedReduce(_ x: Map, _ out: Int) -> Map {
      let half = count.conv(x, out / 2, kernel: 1, stride: 2)
      _ = count.conv(x, out / 2, kernel: 1, stride: 2)
      return count.bn(Map(channels: out, height: half.height, width: half.width))
    }
    func separable(_ x: Map, _ out: Int) {
      for width in [x.channels, out] {
        let h = count.conv(x, x.channels, kernel: 3, groups: x.channels)
        _ = count.convBN(h, width, kernel: 1)
      }
    }
    func dilated(_ x: Map, _ out: Int) {
      let h = count.conv(x, x.channels, kernel: 3, groups: x.channels)
      _ = count.convBN(h, out, kernel: 1)
    }
    var width = c
    for cell in 0..<20 {
      let isReduction = cell == 6 || cell == 13
      if isReduction { width *= 2 }
      let a = s0.height == s1.height ? count.convBN(s0, width, kernel: 1) : factorizedReduce(s0, width)
      let b = count.convBN(s1, width, kernel: 1)
      var y = Map(channels: 4 * width, height: b.height, width: b.width)
      if isReduction {
        y.height = halved(b.height, 2)
        y.width = halved(b.width, 2)
      } else {
        for input in [a, b, a, b, b] { separable(input, width) }
        dilated(b, width)
      }
      (s0, s1) = (s1, y)
    }
    count.linear(s1.channels, classes)
    return count
  }
}
