package eval

import (
	"net/netip"
	"slices"
	"strings"
)

// addressSet is a sorted list of address ranges that do not overlap, so that
// a look-up in any number of networks is one binary search.
type addressSet []addressRange

// addressRange holds the addresses first to last, both included, of one
// family.
type addressRange struct{ first, last netip.Addr }

// newAddressSet collects addresses and networks in CIDR notation, IPv4 and
// IPv6. It ignores entries that are neither.
func newAddressSet(entries []string) addressSet {
	var ranges addressSet
	for _, entry := range entries {
		if r, ok := parseRange(entry); ok {
			ranges = append(ranges, r)
		}
	}
	slices.SortFunc(ranges, func(a, b addressRange) int { return a.first.Compare(b.first) })
	merged := ranges[:0]
	for _, r := range ranges {
		if n := len(merged); n > 0 && r.first.Compare(merged[n-1].last) <= 0 {
			if merged[n-1].last.Less(r.last) {
				merged[n-1].last = r.last
			}
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

func (set addressSet) contains(a netip.Addr) bool {
	low, high := 0, len(set)
	for low < high {
		middle := int(uint(low+high) / 2)
		if set[middle].last.Less(a) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low < len(set) && set[low].first.Compare(a) <= 0
}

func parseRange(entry string) (addressRange, bool) {
	if a, ok := parseAddress(entry); ok {
		return addressRange{a, a}, true
	}
	network, err := netip.ParsePrefix(entry)
	if err != nil {
		return addressRange{}, false
	}
	network = network.Masked()
	return addressRange{network.Addr(), lastAddress(network)}, true
}

// lastAddress sets all the host's bits of a masked network.
func lastAddress(network netip.Prefix) netip.Addr {
	raw := network.Addr().AsSlice()
	for bit := network.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(raw)
	return last
}

// parseAddress reads an IPv4 or IPv6 address without a zone. It agrees with
// netip.ParseAddr, which allocates an error for whatever else a context holds.
func parseAddress(s string) (netip.Addr, bool) {
	if !strings.Contains(s, ":") {
		four, ok := parseIPv4(s)
		return netip.AddrFrom4(four), ok
	}
	sixteen, ok := parseIPv6(s)
	return netip.AddrFrom16(sixteen), ok
}

func parseIPv4(s string) (address [4]byte, ok bool) {
	for i := range address {
		if i > 0 {
			s = trimPoint(s)
		}
		n, rest, ok := leadingNumber(s)
		if !ok || n > 255 {
			return address, false
		}
		address[i], s = byte(n), rest
	}
	return address, s == ""
}

// parseIPv6 fills groups from the left; where a double colon stands, those
// after it are moved to the right end.
func parseIPv6(s string) (address [16]byte, ok bool) {
	filled, gap := 0, -1
	if strings.HasPrefix(s, "::") {
		gap, s = 0, s[2:]
	}
	for s != "" && filled < len(address) {
		n := hexDigits(s)
		if strings.HasPrefix(s[n:], ".") {
			four, ok := parseIPv4(s)
			if !ok || filled > 12 {
				return address, false
			}
			copy(address[filled:], four[:])
			filled, s = filled+4, ""
			break
		}
		if n == 0 || n > 4 {
			return address, false
		}
		group := hexNumber(s[:n])
		address[filled], address[filled+1] = byte(group>>8), byte(group)
		filled, s = filled+2, s[n:]
		switch {
		case strings.HasPrefix(s, "::") && gap < 0:
			gap, s = filled, s[2:]
		case len(s) > 1 && s[0] == ':' && s[1] != ':':
			s = s[1:]
		case s != "":
			return address, false
		}
	}
	if gap < 0 {
		return address, s == "" && filled == len(address)
	}
	if s != "" || filled == len(address) {
		return address, false
	}
	moved := copy(address[len(address)-(filled-gap):], address[gap:filled])
	clear(address[gap : len(address)-moved])
	return address, true
}

// hexDigits returns how many hexadecimal digits s begins with.
func hexDigits(s string) int {
	for i := range len(s) {
		if b := s[i] | 0x20; !isDigit(s[i]) && (b < 'a' || b > 'f') {
			return i
		}
	}
	return len(s)
}

// hexNumber reads up to 4 hexadecimal digits.
func hexNumber(s string) (n uint16) {
	for i := range len(s) {
		digit := s[i] - '0'
		if !isDigit(s[i]) {
			digit = s[i] | 0x20 - 'a' + 10
		}
		n = n<<4 | uint16(digit)
	}
	return n
}
