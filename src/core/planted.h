/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bugs for the simulator to find, and one for a story. An ordinary build has none of them: FR_PLANTED(NAME) is the constant 0 there, and
 * the compiler drops what hangs on it. `cmake -DFR_PLANT=NAME` makes a build that has one of them, good for the simulator's test and
 * nothing else. `make planted` makes all that are in the core in turn and counts the worlds that each needs to be found: docs/sim.md. The
 * simulator has no other layers to plant one in.
 */
#ifndef FR_CORE_PLANTED_H
#define FR_CORE_PLANTED_H

enum fr_plant {
    FR_PLANT_NONE,
    /* arrival.c */
    FR_PLANT_ACK_EARLY,       /* a chunk is acknowledged when its bytes are here, before they are verified and stored */
    FR_PLANT_DIGEST_IGNORED,  /* a chunk whose digest does not match is taken for stored */
    FR_PLANT_STORED_TWICE,    /* a chunk that comes again while it is being stored is stored again */
    FR_PLANT_OWNED_BY_ALL,    /* whoever has stored a chunk relays it, not its owner alone */
    FR_PLANT_ANSWER_IS_GIFT,  /* what was asked of upstream is taken for a gift when it comes */
    FR_PLANT_BLAME_FORGOTTEN, /* who sent wrong chunks again and again may come back */
    FR_PLANT_NEVER_OWNED,     /* a gift that is here already is not owned */
    /* owner.c, relay.c */
    FR_PLANT_REACHED_EARLY,    /* an owner reports a chunk as arrived in its group as soon as it has it itself */
    FR_PLANT_COPY_NOT_AWAITED, /* of a pipe too a chunk counts as arrived before any other member has it */
    FR_PLANT_DEAD_AWAITED,     /* the acknowledgements of a peer that is gone are still waited for */
    /* dispatch.c, feed.c, feed_frames.c */
    FR_PLANT_DEAD_KEEPS,       /* the chunks of an owner that is gone are not given to anybody else */
    FR_PLANT_LOW_STAYS,        /* a chunk that waits again is below the place where waiting ones are looked for */
    FR_PLANT_CREDIT_LOST,      /* a chunk that another owner brought gives no credit back */
    FR_PLANT_LEFT_NOT_RETIRED, /* who leaves still counts among those who take chunks */
    FR_PLANT_SHARE_STILL_SENT, /* a shared chunk that has reached the group is sent to its other owner all the same */
    FR_PLANT_HOLDER_FED,       /* who may have the object already is given chunks at once */
    FR_PLANT_SECONDARY_EARLY,  /* a group of the secondary tier is fed before its feeder has the whole object */
    /* send.c, say.c */
    FR_PLANT_SENDS_OFF_BY_ONE,  /* one chunk too many is under way on a link */
    FR_PLANT_PAGES_OFF_BY_ONE,  /* of the pages that the other end has told to know one too many is left out */
    FR_PLANT_SERVED_UNVERIFIED, /* a chunk is served while it is being stored */
    /* pull.c, ask.c */
    FR_PLANT_ASKED_FOR_EVER, /* what was asked of a neighbour that is gone is not asked of another */
    FR_PLANT_ASK_OFF_BY_ONE, /* one chunk too many is asked of a neighbour */
    /* reuse.c, member_frames.c, finish.c, link_table.c */
    FR_PLANT_HELD_BELIEVED,       /* an object of the same name that was here before is not compared with the pushed one */
    FR_PLANT_FINISHED_EARLY,      /* chunks on their way to the disk count when the object is made final */
    FR_PLANT_LEFT_EARLY,          /* a member leaves when it is complete, and not when nobody needs it */
    FR_PLANT_ORPHAN_WAITS,        /* whoever lost upstream waits for ever */
    FR_PLANT_DISMISSED_BY_LEAVER, /* a member that leaves tells those below that the push is over */
    /* transfer.c, dial.c, liveness.c */
    FR_PLANT_SILENCE_UNWATCHED, /* the deadline of a new link is not armed */
    FR_PLANT_RETRY_UNARMED,     /* a dial that failed is to be tried again, and nothing is due */
    FR_PLANT_PING_FORGOTTEN,    /* idle links are not kept alive */
    /* feed.c, feed_frames.c, verdict.c */
    FR_PLANT_DONE_IS_COMPLETE,  /* a DONE counts as complete, whatever it says */
    FR_PLANT_ENDED_IS_COMPLETE, /* who refuses because the push ended there counts as complete */
    FR_PLANT_NEVER_GIVEN_UP,    /* a member that cannot be reached is dialled for ever */
    FR_PLANT_COUNTED_TWICE,     /* a node that completed after all counts twice among those with a verdict */
    /* trees: stand_in.c, feed_lost.c, fold.c, rescue.c, arrival.c */
    FR_PLANT_NOBODY_STANDS_IN, /* nobody takes over the counterparts of a peer that is gone */
    FR_PLANT_BELOW_LEFT_ALONE, /* what hangs below a group that is gone is fed by nobody */
    FR_PLANT_COMPLETE_THERE,   /* who completed and left is believed to feed those below */
    FR_PLANT_TOLD_ONCE,        /* results that went up on a link that broke are not told again */
    FR_PLANT_NO_SECOND_TRY,    /* whom its own upstream gave up nobody else dials */
    FR_PLANT_UNOWNED_ADOPTED,  /* those adopted are sent whatever comes here, not only what is owned */
    /* sets: dispatch_woven.c, strands.c */
    FR_PLANT_HOME_AWAITED, /* an entry waits for a child that never joins, for ever */
    FR_PLANT_WHOLE_EARLY,  /* an entry counts as whole with its last chunk but one */
    /* node/driver.c: of a program of its own, for tests/e2e/push_liar.sh */
    FR_PLANT_FLIPS_BYTE, /* one byte of one chunk is wrong whenever that is sent on */
};

/* Where a build has a bug, FR_PLANT is its name. */
#ifndef FR_PLANT
#define FR_PLANT NONE
#endif
#define FR_PLANT_VALUE_OF(name) FR_PLANT_##name
#define FR_PLANT_VALUE(name) FR_PLANT_VALUE_OF(name)
#define FR_PLANTED(name) (FR_PLANT_VALUE(FR_PLANT) == FR_PLANT_##name)

#endif
