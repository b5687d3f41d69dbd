"""Requests and offers as people write them: pairs that must be proposed, and pairs that must not. All are invented."""

from dataclasses import dataclass
from typing import Any

from contracts.vocabulary import Kind, Language, Theme


@dataclass(frozen=True)
class Case:
    """A request and an offer, and whether a person who knows both would bring them together."""

    name: str
    request: dict[str, Any]
    offer: dict[str, Any]
    fits: bool = True


def _said(kind: Kind, theme: Theme, place: str, title: str, text: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "themes": (theme,), "place": place, "title": title, "text": text} | more


PAIRS = (
    Case(
        "warmtepompen",
        _said(
            Kind.GUEST_LESSON,
            Theme.ENERGY_TRANSITION,
            "Utrecht",
            "Hoe past een warmtepomp in een jaren-dertighuis?",
            "Onze derdejaars installatietechniek leren alles over nieuwbouw, maar in de wijk staan vooral oude huizen. "
            "Wie komt een ochtend vertellen wat je dan tegenkomt?",
            mbo_level=4,
        ),
        _said(
            Kind.GUEST_LESSON,
            Theme.ENERGY_TRANSITION,
            "Zeist",
            "Onze monteur voor de klas",
            "Wij bouwen al tien jaar hybride en volledig elektrische warmtepompen in bestaande woningen. Onze monteur "
            "vertelt graag waar het misgaat, met foto's en onderdelen om vast te pakken.",
            mbo_level=3,
        ),
    ),
    Case(
        "oud brood",
        _said(
            Kind.PRACTICE_ASSIGNMENT,
            Theme.CIRCULAR_ECONOMY,
            "Deventer",
            "Wat maak je van brood van gisteren?",
            "Elke avond houden onze vier bakkerijwinkels dertig kilo brood over. Wij zijn benieuwd wat jonge mensen "
            "ervan zouden maken, en of we dat kunnen verkopen.",
        ),
        _said(
            Kind.PRACTICE_ASSIGNMENT,
            Theme.CIRCULAR_ECONOMY,
            "Zutphen",
            "Studenten voeding ontwikkelen een product uit jouw reststroom",
            "Zestien tweedejaars van de opleiding food werken tien weken aan een nieuw product uit wat er overblijft: "
            "groente, melk, deeg. Ze bakken, proeven en rekenen de kostprijs uit.",
        ),
    ),
    Case(
        "stage zonnepanelen",
        _said(
            Kind.INTERNSHIP,
            Theme.ENERGY_TRANSITION,
            "Amersfoort",
            "Stageplekken voor monteurs elektro",
            "Acht studenten elektrotechniek zoeken vanaf februari een plek waar ze zonnepanelen, laadpalen en accu's "
            "leren aansluiten.",
            mbo_level=2,
        ),
        _said(
            Kind.INTERNSHIP,
            Theme.ENERGY_TRANSITION,
            "Nijkerk",
            "Mee het dak op",
            "Wij leggen zonnestroom aan op bedrijfsdaken en hangen omvormers en thuisbatterijen op. Twee plekken voor "
            "leerlingen die van aanpakken houden en geen hoogtevrees hebben.",
            mbo_level=2,
        ),
    ),
    Case(
        "regenwater",
        _said(
            Kind.EXPERTISE,
            Theme.CLIMATE_ADAPTATION,
            "Zwolle",
            "Ons plein staat blank na elke bui",
            "Het plein van ons schoolgebouw is helemaal betegeld. We willen het water vasthouden in plaats van "
            "afvoeren, maar weten niet waar we moeten beginnen.",
        ),
        _said(
            Kind.EXPERTISE,
            Theme.CLIMATE_ADAPTATION,
            "Eindhoven",
            "Advies over wadi's en waterberging",
            "Onze adviseurs rekenen uit hoeveel regenwater een terrein kan bergen en maken met jullie een eerste "
            "schets: ontharden, infiltreren, groen dak.",
        ),
    ),
    Case(
        "cobot",
        _said(
            Kind.EQUIPMENT,
            Theme.ROBOTISATION,
            "Helmond",
            "Een robotarm om mee te oefenen",
            "Onze studenten mechatronica programmeren nu alleen op het scherm. Waar kunnen ze een paar weken aan een "
            "echte cobot werken?",
        ),
        _said(
            Kind.EQUIPMENT,
            Theme.ROBOTISATION,
            "Eindhoven",
            "Twee samenwerkende robots te gebruiken in ons lab",
            "In ons praktijklab staan twee robotarmen met grijper en camera. Scholen kunnen er per week terecht, met "
            "uitleg van een engineer.",
        ),
    ),
    Case(
        "elektrische vrachtwagens",
        _said(
            Kind.SITE_VISIT,
            Theme.SUSTAINABLE_MOBILITY,
            "Tilburg",
            "Waar kunnen we kijken hoe je een e-truck onderhoudt?",
            "Met 22 studenten bedrijfsautotechniek willen we een werkplaats zien waar aan hoogvolt wordt gewerkt.",
        ),
        _said(
            Kind.SITE_VISIT,
            Theme.SUSTAINABLE_MOBILITY,
            "Breda",
            "Rondleiding in onze werkplaats",
            "Wij onderhouden batterij-elektrische trucks en bussen van vijf merken. Groepen tot 25 zijn welkom op "
            "vrijdag; we laten zien hoe je veilig spanningsloos werkt.",
        ),
    ),
    Case(
        "zorgrobot",
        _said(
            Kind.GUEST_LESSON,
            Theme.HEALTH_AND_CARE,
            "Leeuwarden",
            "Techniek in de thuiszorg: wie vertelt erover?",
            "Onze eerstejaars verzorgenden denken bij techniek aan computers. Wij willen ze laten voelen wat een "
            "medicijndispenser of een zorgrobot voor een bewoner betekent.",
        ),
        _said(
            Kind.GUEST_LESSON,
            Theme.HEALTH_AND_CARE,
            "Drachten",
            "Tessa de sociale robot komt mee",
            "Als thuiszorgorganisatie werken we met beeldzorg, slimme sensoren en een pratende robot. Een "
            "wijkverpleegkundige komt langs en neemt alles mee om uit te proberen.",
        ),
    ),
    Case(
        "kapsalon",
        _said(
            Kind.TIP,
            Theme.CIRCULAR_ECONOMY,
            "Groningen",
            "Hoe wordt onze praktijksalon zuiniger?",
            "Op de kappersopleiding spoelen we liters warm water en verf door de gootsteen. Wie heeft ideeën die "
            "morgen al kunnen?",
        ),
        _said(
            Kind.TIP,
            Theme.CIRCULAR_ECONOMY,
            "Rotterdam",
            "Minder water en chemie bij het haar wassen",
            "In onze salons gebruiken we spaardouches, navulbare shampoo en plantaardige kleuring. Dit zijn onze acht "
            "stappen, met wat ze kosten en opleveren.",
        ),
    ),
    Case(
        "circulair bouwen",
        _said(
            Kind.LESSON_MATERIAL,
            Theme.SUSTAINABLE_BUILDING,
            "Arnhem",
            "Lesmateriaal over slopen en hergebruiken",
            "Voor niveau 2 timmeren zoek ik opdrachten waarmee studenten leren wat er uit een oud gebouw nog bruikbaar "
            "is.",
        ),
        _said(
            Kind.LESSON_MATERIAL,
            Theme.SUSTAINABLE_BUILDING,
            "Den Haag",
            "Werkbladen 'oogsten uit een gebouw'",
            "Zes werkbladen en een filmpje: balken, kozijnen en stenen losmaken, beoordelen en opnieuw toepassen in "
            "een bouwwerk.",
        ),
    ),
    Case(
        "voedselverspilling",
        _said(
            Kind.MEETING,
            Theme.FOOD_AND_AGRICULTURE,
            "Den Bosch",
            "Docenten horeca over eten dat wordt weggegooid",
            "Ik zou graag met anderen praten over hoe je in de schoolkeuken minder weggooit en dat in je lessen "
            "verwerkt.",
        ),
        _said(
            Kind.MEETING,
            Theme.FOOD_AND_AGRICULTURE,
            "Oss",
            "Tafelgesprek verspillingsvrij koken",
            "Koks, cateraars en onderwijs schuiven een middag aan: meten wat er in de bak verdwijnt, porties, "
            "restjesgerechten.",
        ),
    ),
    Case(
        "accu's, in het Engels",
        _said(
            Kind.GUEST_LESSON,
            Theme.CIRCULAR_ECONOMY,
            "Delft",
            "Wat gebeurt er met een lege autoaccu?",
            "Voor de opleiding procestechniek zoeken we iemand die uitlegt hoe lithium en kobalt uit oude batterijen "
            "worden teruggewonnen. Engels is prima.",
        ),
        _said(
            Kind.GUEST_LESSON,
            Theme.CIRCULAR_ECONOMY,
            "Rotterdam",
            "Inside a battery recycling plant",
            "Our process engineer explains how we shred used car batteries and win back lithium, nickel and cobalt.",
            language=Language.ENGLISH,
        ),
    ),
    Case(
        "groen schoolterrein",
        _said(
            Kind.PRACTICE_ASSIGNMENT,
            Theme.BIODIVERSITY,
            "Ede",
            "Ons bedrijfsterrein is een grasmat",
            "Rond onze loodsen ligt drie hectare gras. We willen meer vlinders, bijen en vogels, en zoeken een groep "
            "die een plan maakt en mee plant.",
        ),
        _said(
            Kind.PRACTICE_ASSIGNMENT,
            Theme.BIODIVERSITY,
            "Barneveld",
            "Studenten hovenier maken een beplantingsplan",
            "Onze derdejaars groen ontwerpen en leggen aan: inheemse struiken, bloemenmengsels, nestkasten.",
        ),
    ),
    Case(
        "zelfde thema, ander vak: textiel en asfalt",
        _said(
            Kind.GUEST_LESSON,
            Theme.CIRCULAR_ECONOMY,
            "Enschede",
            "Van oude spijkerbroek naar nieuw garen",
            "Voor de modeopleiding zoeken we iemand die laat zien hoe kleding wordt vervezeld.",
        ),
        _said(
            Kind.GUEST_LESSON,
            Theme.CIRCULAR_ECONOMY,
            "Borne",
            "Circulair asfalt",
            "Onze wegenbouwer vertelt hoe freesasfalt opnieuw in een rijbaan wordt gedraaid.",
        ),
        fits=False,
    ),
    Case(
        "zelfde thema, ander vak: koken en melken",
        _said(
            Kind.GUEST_LESSON,
            Theme.FOOD_AND_AGRICULTURE,
            "Apeldoorn",
            "Plantaardig koken voor een ziekenhuiskeuken",
            "Wie leert onze kokopleiding lekkere vleesvrije menu's voor patiënten?",
        ),
        _said(
            Kind.GUEST_LESSON,
            Theme.FOOD_AND_AGRICULTURE,
            "Twello",
            "De melkrobot in de stal",
            "Een melkveehouder laat zien hoe koeien zelf naar de robot lopen en wat de gegevens zeggen.",
        ),
        fits=False,
    ),
    Case(
        "zelfde thema, ander vak: boekhouden en drones",
        _said(
            Kind.EXPERTISE,
            Theme.DIGITALISATION,
            "Alkmaar",
            "Facturen automatisch verwerken in de financiële administratie",
            "Wij willen in de opleiding boekhouden werken met software die bonnen leest en boekt.",
        ),
        _said(
            Kind.EXPERTISE,
            Theme.DIGITALISATION,
            "Hoorn",
            "Daken inspecteren met een drone",
            "Onze piloot weet alles van thermische camera's, vliegvergunningen en beelden van dakschade.",
        ),
        fits=False,
    ),
    Case(
        "zelfde thema, ander vak: kantoor en dak",
        _said(
            Kind.INTERNSHIP,
            Theme.ENERGY_TRANSITION,
            "Almere",
            "Stage voor secretaresses",
            "Drie studenten office management zoeken een plek waar ze notuleren, agenda's beheren en bezoekers "
            "ontvangen.",
        ),
        _said(
            Kind.INTERNSHIP,
            Theme.ENERGY_TRANSITION,
            "Lelystad",
            "Leerling windturbinetechniek",
            "Je klimt met onze onderhoudsploeg de molen in en vervangt tandwielkasten en bladen.",
        ),
        fits=False,
    ),
    Case(
        "zelfde thema, ander vak: gegevens en leidingen",
        _said(
            Kind.INTERNSHIP,
            Theme.ENERGY_TRANSITION,
            "Leiden",
            "Een stage voor een toekomstig data-analist",
            "Onze student zoekt een plek om dashboards te maken van energieverbruik.",
        ),
        _said(
            Kind.INTERNSHIP,
            Theme.ENERGY_TRANSITION,
            "Den Haag",
            "Stage bij een warmtebedrijf",
            "Je legt leidingen aan en sluit woningen aan op het warmtenet.",
        ),
        fits=False,
    ),
    Case(
        "zelfde woorden, andere vraag: fietsen",
        _said(
            Kind.PRACTICE_ASSIGNMENT,
            Theme.SUSTAINABLE_MOBILITY,
            "Nijmegen",
            "Meer collega's op de fiets",
            "Ons ziekenhuis wil dat personeel de auto laat staan. Bedenk een campagne die mensen overhaalt.",
        ),
        _said(
            Kind.PRACTICE_ASSIGNMENT,
            Theme.SUSTAINABLE_MOBILITY,
            "Wijchen",
            "Studenten zetten een distributiecentrum om op waterstof",
            "Onze studenten logistieke techniek berekenen tankpunten en routes voor heftrucks op waterstof.",
        ),
        fits=False,
    ),
    Case(
        "te ver weg",
        _said(
            Kind.SITE_VISIT,
            Theme.BIODIVERSITY,
            "Maastricht",
            "Een voedselbos bezoeken",
            "Met onze studenten toegepaste biologie willen we een volwassen voedselbos zien.",
            reach_km=40,
        ),
        _said(
            Kind.SITE_VISIT,
            Theme.BIODIVERSITY,
            "Groningen",
            "Rondleiding door ons voedselbos",
            "Wandel met ons langs notenbomen, bessen en kruiden; we vertellen hoe een voedselbos groeit.",
        ),
        fits=False,
    ),
    Case(
        "een ander niveau",
        _said(
            Kind.INTERNSHIP,
            Theme.HEALTH_AND_CARE,
            "Haarlem",
            "Stage voor helpenden",
            "Onze entree-studenten zorg zoeken een plek waar ze helpen bij eten, wassen en activiteiten.",
            mbo_level=1,
        ),
        _said(
            Kind.INTERNSHIP,
            Theme.HEALTH_AND_CARE,
            "Heemstede",
            "Stage voor verpleegkundigen in opleiding",
            "In ons verpleeghuis leer je zorg coördineren, medicatie delen en familie begeleiden.",
            mbo_level=4,
        ),
        fits=False,
    ),
    Case(
        "een andere soort: apparatuur en een bijeenkomst",
        _said(
            Kind.EQUIPMENT,
            Theme.SUSTAINABLE_BUILDING,
            "Dordrecht",
            "Een blowerdoor lenen",
            "Wij willen met studenten bouwkunde meten hoe luchtdicht een woning is.",
        ),
        _said(
            Kind.MEETING,
            Theme.SUSTAINABLE_BUILDING,
            "Gorinchem",
            "Bijeenkomst luchtdicht bouwen",
            "Een middag over blowerdoortests en kierdichting met aannemers en scholen.",
        ),
        fits=False,
    ),
)
