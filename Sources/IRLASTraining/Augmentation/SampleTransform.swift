/// What a chain does to one image, with all random numbers drawn: where each row and column comes from, and which
/// rectangles are blank.
///
/// All geometric steps treat rows and columns apart, so a chain of any length is two index lists and a few rectangles;
/// an image is then written in one pass.
struct SampleTransform {
  /// For each output row or column: the input one, or `-1 - step` where step `step` put zeros in.
  typealias Axis = [Int]

  /// A rectangle of output pixels that step `step` zeroed. May be empty.
  struct Blank: Equatable {
    var step: Int
    var rows: Range<Int>
    var columns: Range<Int>
  }

  private(set) var rows: Axis
  private(set) var columns: Axis
  private(set) var blanks: [Blank] = []

  /// Draws the transform of one image in training, or makes the fixed one of evaluation (`stream` nil).
  ///
  /// Draws happen in the order of the chain: for crop and shift the row first, then the column.
  init(_ chain: AugmentationChain, drawnFrom stream: RandomStream?) {
    rows = Array(0..<chain.input.height)
    columns = Array(0..<chain.input.width)
    guard var random = stream else {
      for (index, step) in chain.steps.enumerated() {
        switch step {
        case .pad(let margin): pad(margin, step: index)
        case .crop(let height, let width):
          crop(
            top: (rows.count - height) / 2, left: (columns.count - width) / 2, height: height, width: width)
        case .flip, .shift, .cutout, .normalize: break
        }
      }
      return
    }
    for (index, step) in chain.steps.enumerated() {
      switch step {
      case .pad(let margin): pad(margin, step: index)
      case .crop(let height, let width):
        let top = random.below(rows.count - height + 1)
        let left = random.below(columns.count - width + 1)
        crop(top: top, left: left, height: height, width: width)
      case .flip:
        if random.chance(0.5) { flip() }
      case .shift(let reach):
        let down = random.integer(in: -reach...reach)
        let right = random.integer(in: -reach...reach)
        shift(down: down, right: right, step: index)
      case .cutout(let side):
        let row = random.below(rows.count)
        let column = random.below(columns.count)
        blanks.append(
          Blank(
            step: index,
            rows: clamp(row - side / 2, row - side / 2 + side, rows.count),
            columns: clamp(column - side / 2, column - side / 2 + side, columns.count)))
      case .normalize: break
      }
    }
  }

  private mutating func pad(_ margin: Int, step: Int) {
    let zeros = Axis(repeating: -1 - step, count: margin)
    rows = zeros + rows + zeros
    columns = zeros + columns + zeros
    moveBlanks(down: margin, right: margin)
  }

  private mutating func crop(top: Int, left: Int, height: Int, width: Int) {
    rows = Array(rows[top..<top + height])
    columns = Array(columns[left..<left + width])
    moveBlanks(down: -top, right: -left)
  }

  private mutating func flip() {
    columns.reverse()
    let width = columns.count
    for index in blanks.indices {
      let old = blanks[index].columns
      blanks[index].columns = width - old.upperBound..<width - old.lowerBound
    }
  }

  private mutating func shift(down: Int, right: Int, step: Int) {
    func moved(_ axis: Axis, _ by: Int) -> Axis {
      axis.indices.map { axis.indices.contains($0 - by) ? axis[$0 - by] : -1 - step }
    }
    rows = moved(rows, down)
    columns = moved(columns, right)
    moveBlanks(down: down, right: right)
  }

  private mutating func moveBlanks(down: Int, right: Int) {
    for index in blanks.indices {
      let blank = blanks[index]
      blanks[index].rows = clamp(blank.rows.lowerBound + down, blank.rows.upperBound + down, rows.count)
      blanks[index].columns = clamp(
        blank.columns.lowerBound + right, blank.columns.upperBound + right, columns.count)
    }
  }

  private func clamp(_ low: Int, _ high: Int, _ count: Int) -> Range<Int> {
    let start = min(max(low, 0), count)
    return start..<max(start, min(high, count))
  }
}
