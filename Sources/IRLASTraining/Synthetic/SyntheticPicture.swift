/// How hard the synthetic pictures are: the ranges their draws come from.
///
/// Lengths are in units of half the picture's side.
package struct SyntheticDifficulty: Sendable, Equatable {
  /// Size of the figure.
  package var size: ClosedRange<Double> = 0.5...0.75
  /// The longest way of the figure's centre from the picture's.
  package var shift = 0.35
  /// Stretching of one axis against the other, as a factor.
  package var stretch: ClosedRange<Double> = 0.8...1.25
  /// Period of the texture, in pixels.
  package var period: ClosedRange<Double> = 4...6
  /// The smallest difference between the two colours of a texture and between figure and ground.
  package var contrast = 0.28
  /// Strokes and blobs behind the figure.
  package var clutter: ClosedRange<Int> = 2...5
  /// Strokes and blobs before it.
  package var occluders: ClosedRange<Int> = 0...1
  /// Standard deviation of the pixel noise, in [0, 1] of the range.
  package var noise: ClosedRange<Double> = 0.01...0.05

  /// The difficulty of `irlas data synth` for pictures of a side.
  ///
  /// Below 24 pixels, figures are larger, less distorted and less hidden: a disc and a square of few pixels are hard to
  /// tell apart even for people.
  package init(side: Int) {
    guard side < 24 else { return }
    size = 0.7...0.9
    shift = 0.25
    stretch = 0.9...1.1
    clutter = 1...3
    occluders = 0...0
    noise = 0.01...0.03
  }
}

/// Draws one synthetic picture; a function of (seed, index) alone, with the same bits on every machine.
///
/// A figure (``Motif``) at a random place, size, rotation and stretch, filled with its texture in two random colours,
/// over a ground of two blended colours with clutter behind and before it, under random contrast and noise. Colours,
/// places and sizes come from the same distributions for every class: only spatial structure tells classes apart.
package struct SyntheticPicture: Sendable {
  /// Height and width, 16 or 32 for the published sets.
  package let side: Int
  /// The ranges of the draws.
  package let difficulty: SyntheticDifficulty
  private let key: UInt64

  /// A painter of `side` x `side` pictures.
  ///
  /// - Parameters:
  ///   - split: Pictures of different splits ("train", "test") are independent.
  ///   - difficulty: The ranges of the draws; nil for those of the side.
  package init(
    side: Int, seed: UInt64, split: String, difficulty: SyntheticDifficulty? = nil
  ) {
    self.side = side
    self.difficulty = difficulty ?? SyntheticDifficulty(side: side)
    self.key = RandomStream.key(seed: seed, purpose: "synthetic \(split)")
  }

  /// The class of picture `index`: each block of ten consecutive pictures has every class once, in a random order.
  package func label(of index: Int) -> Int {
    var order = Array(0..<Motif.classCount)
    // Odd epochs name the streams of blocks, even ones those of pictures.
    var stream = RandomStream(key: key, epoch: 1, index: UInt64(index / Motif.classCount))
    stream.shuffle(&order)
    return order[index % Motif.classCount]
  }

  /// Paints picture `index` into `planes`: red, green, blue, each `side * side` bytes, row by row.
  package func paint(_ index: Int, into planes: UnsafeMutableBufferPointer<UInt8>) {
    precondition(planes.count == 3 * side * side, "a picture has three planes")
    var stream = RandomStream(key: key, epoch: 0, index: UInt64(index))
    var canvas = Canvas(side: side)
    let ground = paintGround(&canvas, &stream)
    for _ in 0..<stream.integer(in: difficulty.clutter) {
      paintClutter(&canvas, &stream, largest: 0.5)
    }
    paintFigure(Motif(label: label(of: index)), on: &canvas, ground: ground, &stream)
    for _ in 0..<stream.integer(in: difficulty.occluders) {
      paintClutter(&canvas, &stream, largest: 0.25)
    }
    develop(canvas, &stream, into: planes)
  }

  /// A colour blend along a random direction; gives the middle colour.
  private func paintGround(_ canvas: inout Canvas, _ stream: inout RandomStream) -> Canvas.Colour {
    let first = colour(&stream)
    let second = colour(&stream)
    let along = Direction(drawnFrom: &stream)
    canvas.paint { x, y in
      let t = 0.5 + 0.35 * (x * along.cosine + y * along.sine)
      return (mix(first, second, t), 1)
    }
    return mix(first, second, 0.5)
  }

  /// One stroke, blob or small textured patch anywhere.
  private func paintClutter(_ canvas: inout Canvas, _ stream: inout RandomStream, largest: Double) {
    let centreX = stream.uniform(-1, 1)
    let centreY = stream.uniform(-1, 1)
    let along = Direction(drawnFrom: &stream)
    let isStroke = stream.chance(0.5)
    let length = stream.uniform(0.15, largest) * (isStroke ? 1.8 : 0.6)
    let breadth = isStroke ? stream.uniform(0.04, 0.1) : length * stream.uniform(0.5, 1)
    let paint = colour(&stream)
    let other = colour(&stream)
    let isTextured = stream.chance(0.4)
    let texture: Motif.Texture = stream.chance(0.5) ? .stripes : .checks
    let frequency =
      Double(side) / 2 / stream.uniform(difficulty.period.lowerBound, difficulty.period.upperBound)
    let area = canvas
    canvas.paint { x, y in
      let u = (x - centreX) * along.cosine + (y - centreY) * along.sine
      let v = (y - centreY) * along.cosine - (x - centreX) * along.sine
      let cover = area.cover(distance: max(abs(u) - length, abs(v) - breadth))
      let isFirst = !isTextured || texture.isFirst(u: u * frequency, v: v * frequency)
      return (isFirst ? paint : other, cover)
    }
  }

  /// The figure itself.
  private func paintFigure(
    _ motif: Motif, on canvas: inout Canvas, ground: Canvas.Colour, _ stream: inout RandomStream
  ) {
    let size = stream.uniform(difficulty.size.lowerBound, difficulty.size.upperBound)
    let reach = min(difficulty.shift, max(0, 0.95 - size))
    let centreX = stream.uniform(-reach, reach)
    let centreY = stream.uniform(-reach, reach)
    let turn = Direction(drawnFrom: &stream)
    let stretch = stream.uniform(difficulty.stretch.lowerBound, difficulty.stretch.upperBound)
    let first = colour(&stream, awayFrom: [ground])
    let second = colour(&stream, awayFrom: [ground, first])
    let grain = Direction(drawnFrom: &stream)
    let frequency =
      Double(side) / 2 / stream.uniform(difficulty.period.lowerBound, difficulty.period.upperBound)
    let phaseU = stream.uniform()
    let phaseV = stream.uniform()
    let root = stretch.squareRoot()
    let area = canvas
    canvas.paint { x, y in
      let dx = x - centreX
      let dy = y - centreY
      let u = (dx * turn.cosine + dy * turn.sine) / size * root
      let v = (dy * turn.cosine - dx * turn.sine) / size / root
      let cover = area.cover(distance: motif.shape.distance(x: u, y: v) * size)
      let isFirst = motif.texture.isFirst(
        u: (dx * grain.cosine + dy * grain.sine) * frequency + phaseU,
        v: (dy * grain.cosine - dx * grain.sine) * frequency + phaseV)
      return (isFirst ? first : second, cover)
    }
  }

  /// Contrast, brightness and noise, then bytes.
  private func develop(
    _ canvas: Canvas, _ stream: inout RandomStream, into planes: UnsafeMutableBufferPointer<UInt8>
  ) {
    let contrast = stream.uniform(0.6, 1)
    let brightness = stream.uniform(-0.5, 0.5) * (1 - contrast)
    let noise = stream.uniform(difficulty.noise.lowerBound, difficulty.noise.upperBound)
    for at in planes.indices {
      // The sum of four uniform draws, of variance 4 / 12: near enough to normal, without logarithms.
      let word = stream.next()
      var sum = 0.0
      for shift in stride(from: UInt64(0), to: 64, by: 16) {
        sum += Double((word >> shift) & 0xFFFF) * 0x1p-16
      }
      let grain = (sum - 2) * 1.732_050_807_568_877_2 * noise
      let value = (canvas.pixels[at] - 0.5) * contrast + 0.5 + brightness + grain
      planes[at] = UInt8(min(255, max(0, (value * 255).rounded(.toNearestOrEven))))
    }
  }

  /// A uniform colour.
  private func colour(_ stream: inout RandomStream) -> Canvas.Colour {
    (stream.uniform(), stream.uniform(), stream.uniform())
  }

  /// A uniform colour among those whose mean absolute difference from each of `others` is at least the contrast.
  ///
  /// With a contrast of up to 0.33 and two others, one of the eight corners of the colour cube always qualifies.
  private func colour(
    _ stream: inout RandomStream, awayFrom others: [Canvas.Colour]
  ) -> Canvas.Colour {
    while true {
      let drawn = colour(&stream)
      let isClear = others.allSatisfy { other in
        abs(drawn.red - other.red) + abs(drawn.green - other.green) + abs(drawn.blue - other.blue)
          >= 3 * difficulty.contrast
      }
      if isClear { return drawn }
    }
  }

  private func mix(_ a: Canvas.Colour, _ b: Canvas.Colour, _ t: Double) -> Canvas.Colour {
    let s = 1 - t
    return (s * a.red + t * b.red, s * a.green + t * b.green, s * a.blue + t * b.blue)
  }
}
