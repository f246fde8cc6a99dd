// This host among others: its name, what tells it from others, and the addresses by which it is
// reached.
#pragma once

#include <string>

namespace understudy {

std::string host_name();

// Processes with the same identity can share memory and see each other's sockets: they run on one
// kernel, in one network.
std::string host_identity();

// A name's or an address's IPv4 address, "10.0.0.1". Throws TransportError where there is none.
std::string ipv4_of(const std::string& host);

// The address of this host's from which it reaches the other, "10.0.0.2". Throws TransportError where
// there is no way.
std::string own_address_towards(const std::string& ipv4);

// The address of an interface, "eth0", or what is an address already. Throws ScenarioError where the
// host has no such interface with an IPv4 address.
std::string address_of_interface(const std::string& interface);

// The interface that has the address, "eth0". Throws TransportError where this host has none.
std::string interface_of(const std::string& ipv4);

}  // namespace understudy
