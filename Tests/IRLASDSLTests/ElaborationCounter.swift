/// Counts parameters and multiply-accumulates with a calculator's arithmetic: no graph, no shapes, only the formulas
/// of each layer, so that it shares nothing with what it is compared to.
struct ElaborationCounter: Equatable {
  var params = 0
  var macs = 0

  /// A convolution whose result has `places` places.
  mutating func conv(_ from: Int, _ to: Int, _ kernel: Int, places: Int, groups: Int = 1, bias: Bool = false)
  {
    let weights = to * (from / groups) * kernel * kernel
    params += weights + (bias ? to : 0)
    macs += weights * places
  }

  mutating func bn(_ channels: Int) { params += 2 * channels }

  mutating func linear(_ from: Int, _ to: Int) {
    params += from * to + to
    macs += from * to
  }

  static func resNeXt29(cardinality: Int, base: Int, classes: Int) -> ElaborationCounter {
    var count = ElaborationCounter()
    count.conv(3, 64, 3, places: 1024)
    count.bn(64)
    var channels = 64
    for stage in 0..<3 {
      let (out, width, side) = (256 << stage, cardinality * base << stage, 32 >> stage)
      for copy in 0..<3 {
        let before = stage > 0 && copy == 0 ? 2 * side : side
        count.conv(channels, width, 1, places: before * before)
        count.conv(width, width, 3, places: side * side, groups: cardinality)
        count.conv(width, out, 1, places: side * side)
        count.bn(2 * width + out)
        if copy == 0 {
          count.conv(channels, out, 1, places: side * side)
          count.bn(out)
        }
        channels = out
      }
    }
    count.linear(channels, classes)
    return count
  }

  static func resNet20(n: Int, classes: Int) -> ElaborationCounter {
    var count = ElaborationCounter()
    count.conv(3, 16, 3, places: 1024)
    count.bn(16)
    var channels = 16
    for stage in 0..<3 {
      let (out, side) = (16 << stage, 32 >> stage)
      for _ in 0..<n {
        count.conv(channels, out, 3, places: side * side)
        count.conv(out, out, 3, places: side * side)
        count.bn(2 * out)
        channels = out
      }
    }
    count.linear(n > 0 ? 64 : 16, classes)
    return count
  }

  static func denseNet40(n: Int, k: Int, classes: Int) -> ElaborationCounter {
    var count = ElaborationCounter()
    var (channels, side) = (16, 32)
    count.conv(3, 16, 3, places: 1024)
    for block in 0..<3 {
      for _ in 0..<n {
        count.bn(channels)
        count.conv(channels, k, 3, places: side * side)
        channels += k
      }
      count.bn(channels)
      if block < 2 {
        count.conv(channels, channels, 1, places: side * side)
        side /= 2
      }
    }
    count.linear(channels, classes)
    return count
  }

  static func resNet50(blocks: [Int], classes: Int) -> ElaborationCounter {
    var count = ElaborationCounter()
    count.conv(3, 64, 7, places: 112 * 112)
    count.bn(64)
    var channels = 64
    for (stage, copies) in blocks.enumerated() {
      let (out, width, side) = (256 << stage, 64 << stage, 56 >> stage)
      for copy in 0..<copies {
        let before = stage > 0 && copy == 0 ? 2 * side : side
        count.conv(channels, width, 1, places: before * before)
        count.conv(width, width, 3, places: side * side)
        count.conv(width, out, 1, places: side * side)
        count.bn(2 * width + out)
        if copy == 0 {
          count.conv(channels, out, 1, places: side * side)
          count.bn(out)
        }
        channels = out
      }
    }
    count.linear(channels, classes)
    return count
  }

  static func mobileNetV2(classes: Int) -> ElaborationCounter {
    var count = ElaborationCounter()
    count.conv(3, 32, 3, places: 112 * 112)
    count.bn(32)
    var (channels, side) = (32, 112)
    // Table 2 of the paper: expansion, channels, copies, stride.
    let rows: [(Int, Int, Int, Int)] = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ]
    for (t, c, n, s) in rows {
      for copy in 0..<n {
        let wide = t * channels
        if t > 1 {
          count.conv(channels, wide, 1, places: side * side)
          count.bn(wide)
        }
        if copy == 0, s == 2 { side /= 2 }
        count.conv(wide, wide, 3, places: side * side, groups: wide)
        count.conv(wide, c, 1, places: side * side)
        count.bn(wide + c)
        channels = c
      }
    }
    count.conv(320, 1280, 1, places: side * side)
    count.bn(1280)
    count.linear(1280, classes)
    return count
  }
}
