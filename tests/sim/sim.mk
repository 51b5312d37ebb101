# SPDX-License-Identifier: ISC
# make sim: two simulated years of CAs, a surrogate and up to 1,000 hosts, with
# the real renew_decide(). sim-faults: rules that are wrong must be found out.

SIMSRCS	:= $(sort $(wildcard tests/sim/*.c))
SIMOBJS	:= $(SIMSRCS:%.c=$(BUILD)/%.o)

$(BUILD)/sim/sim: $(SIMOBJS) $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALLCFLAGS) $(LDHARD) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(SIMOBJS:.o=.d)

.PHONY: sim
sim: $(BUILD)/sim/sim
	$(Q)$(BUILD)/sim/sim

.PHONY: sim-faults
sim-faults: $(BUILD)/sim/sim
	$(Q)sh tests/sim/faults.sh $(BUILD)/sim/sim
