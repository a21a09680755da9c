"""Which addresses the HTTP node may reach: public ones, and no others.

Ranges: https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry. The table is written out because
``ipaddress.is_global`` changes with the patch level of Python and lets transition addresses through.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_REFUSED_V4: tuple[tuple[str, IPv4Network], ...] = tuple(
    (kind, IPv4Network(network))
    for kind, network in (
        ("an unspecified", "0.0.0.0/8"),
        ("a private", "10.0.0.0/8"),
        ("a carrier-grade NAT", "100.64.0.0/10"),
        ("a loopback", "127.0.0.0/8"),
        ("a link-local or metadata", "169.254.0.0/16"),
        ("a private", "172.16.0.0/12"),
        ("a protocol", "192.0.0.0/24"),
        ("a documentation", "192.0.2.0/24"),
        ("a protocol", "192.31.196.0/24"),  # AS112
        ("a protocol", "192.52.193.0/24"),  # AMT relays
        ("a transition", "192.88.99.0/24"),  # 6to4 relays
        ("a private", "192.168.0.0/16"),
        ("a protocol", "192.175.48.0/24"),  # AS112
        ("a benchmarking", "198.18.0.0/15"),
        ("a documentation", "198.51.100.0/24"),
        ("a documentation", "203.0.113.0/24"),
        ("a multicast", "224.0.0.0/4"),
        ("a reserved", "240.0.0.0/4"),
        # Public by its number, yet Azure serves a virtual machine's platform on it:
        # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
        ("a metadata", "168.63.129.16/32"),
    )
)
_REFUSED_V6: tuple[tuple[str, IPv6Network], ...] = tuple(
    (kind, IPv6Network(network))
    for kind, network in (
        ("a loopback", "::1/128"),
        ("an unspecified", "::/128"),
        ("a private", "fc00::/7"),  # with EC2's metadata at fd00:ec2::254
        ("a link-local", "fe80::/10"),
        ("a private", "fec0::/10"),  # site-local, deprecated
        ("a multicast", "ff00::/8"),
        ("a protocol", "2001::/23"),  # with Teredo (2001::/32), which embeds IPv4 addresses
        ("a documentation", "2001:db8::/32"),
        ("a transition", "2002::/16"),  # 6to4, which embeds IPv4 addresses and is given up (RFC 7526)
        ("a protocol", "2620:4f:8000::/48"),  # AS112
        ("a documentation", "3fff::/20"),
    )
)
# All global unicast addresses that were ever given out.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Networks without IPv4 reach it by this prefix (RFC 6052): the embedded address decides.
_NAT64 = IPv6Network("64:ff9b::/96")


def explain_refusal(address: str) -> str | None:
    """What kind of address it is when it must not be reached ("a private"); None for a public one.

    Raises ValueError for what is no IP address.
    """
    parsed = ip_address(address.partition("%")[0])
    return _explain_v4(parsed) if isinstance(parsed, IPv4Address) else _explain_v6(parsed)


def _explain_v4(address: IPv4Address) -> str | None:
    return next((kind for kind, network in _REFUSED_V4 if address in network), None)


def _explain_v6(address: IPv6Address) -> str | None:
    if address.ipv4_mapped is not None:
        return _explain_v4(address.ipv4_mapped)
    if address in _NAT64:
        return _explain_v4(IPv4Address(address.packed[-4:]))
    kind = next((kind for kind, network in _REFUSED_V6 if address in network), None)
    if kind is None and address not in _GLOBAL_UNICAST:
        return "a reserved"
    return kind
