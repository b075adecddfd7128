import Glibc

/// Floats between two pages that must not be touched: reading or writing one element outside traps.
///
/// The last element ends at the page border, so an access past the end is caught exactly; one before the start
/// is caught when it is further away than the rest of the first page.
final class FencedFloats {
  let count: Int
  let pointer: UnsafeMutablePointer<Float>
  private let base: UnsafeMutableRawPointer
  private let length: Int

  /// Elements start as not-a-number, so that one which is never written shows.
  init(count: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let bytes = (count * MemoryLayout<Float>.stride + page - 1) / page * page
    length = bytes + 2 * page
    guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      base != MAP_FAILED
    else { preconditionFailure("mmap failed") }
    self.base = base
    self.count = count
    mprotect(base, page, PROT_NONE)
    mprotect(base + page + bytes, page, PROT_NONE)
    let start = base + page + bytes - count * MemoryLayout<Float>.stride
    pointer = start.bindMemory(to: Float.self, capacity: max(count, 1))
    for index in 0..<count { pointer[index] = .nan }
  }

  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    for (index, value) in values.enumerated() { pointer[index] = value }
  }

  var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  deinit { munmap(base, length) }
}
