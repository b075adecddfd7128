/// A colour picture under construction: three planes of numbers in [0, 1], drawn on back to front.
struct Canvas {
  /// Height and width in pixels.
  let side: Int
  /// Red, green and blue planes, each `side * side`, row by row.
  var pixels: [Double]

  /// A red, green and blue value in [0, 1].
  typealias Colour = (red: Double, green: Double, blue: Double)

  /// A black canvas.
  init(side: Int) {
    self.side = side
    self.pixels = [Double](repeating: 0, count: 3 * side * side)
  }

  /// Mixes `colour` into one pixel; `cover` 1 replaces it.
  mutating func blend(_ row: Int, _ column: Int, _ colour: Colour, cover: Double) {
    guard cover > 0 else { return }
    let plane = side * side
    let at = row * side + column
    let keep = 1 - cover
    pixels[at] = keep * pixels[at] + cover * colour.red
    pixels[plane + at] = keep * pixels[plane + at] + cover * colour.green
    pixels[2 * plane + at] = keep * pixels[2 * plane + at] + cover * colour.blue
  }

  /// Paints every pixel with the colour and cover that `paint` gives for its centre.
  ///
  /// Coordinates run from -1 to 1 over the picture, x to the right and y down.
  mutating func paint(_ paint: (_ x: Double, _ y: Double) -> (colour: Colour, cover: Double)) {
    let scale = 2 / Double(side)
    for row in 0..<side {
      let y = (Double(row) + 0.5) * scale - 1
      for column in 0..<side {
        let (colour, cover) = paint((Double(column) + 0.5) * scale - 1, y)
        blend(row, column, colour, cover: cover)
      }
    }
  }

  /// The cover of a pixel at signed distance `distance` from an edge (negative inside): one at half a pixel inside,
  /// zero at half a pixel outside.
  func cover(distance: Double) -> Double {
    let pixel = 2 / Double(side)
    return min(1, max(0, 0.5 - distance / pixel))
  }
}

/// A direction in the plane: cosine and sine of an angle nobody needs to know.
struct Direction {
  let cosine: Double
  let sine: Double

  /// A uniform direction, from a point drawn in the unit disc.
  ///
  /// Rejection and a square root only: unlike the sine of the C library, these give the same bits on every machine.
  init(drawnFrom stream: inout RandomStream) {
    while true {
      let x = stream.uniform(-1, 1)
      let y = stream.uniform(-1, 1)
      let square = x * x + y * y
      if square > 0.01 && square <= 1 {
        let length = square.squareRoot()
        cosine = x / length
        sine = y / length
        return
      }
    }
  }
}
